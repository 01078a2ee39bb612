// A record as text: a table of 80 columns, Markdown with pictures, and the verdicts as
// JSON. Pure; thread-safe.
#pragma once

#include "agent/overhead/model/record.h"
#include "agent/overhead/report/analysis.h"

#include <string>
#include <string_view>
#include <vector>

namespace tallyman::overhead {

std::string table_text(const Record& record, const Analysis& analysis);
std::string markdown_text(const Record& record, const Analysis& analysis);
// report.json: the record with its verdicts. A difference within the noise has no ratio there.
std::string report_json(const Record& record, const Analysis& analysis);
std::string comparison_text(const Record& before, const Record& after, const RunComparison& comparison);

// One SVG per kind of workload; kinds without a row are left out.
struct Picture {
  std::string file;   // "files.svg"
  std::string title;  // its heading
  std::string svg;
};
std::vector<Picture> pictures(const Record& record, const Analysis& analysis);

// "12.3 ns", "1.50 ms"; "+5.2 %" from half to twice, "x 12.3" beyond.
std::string time_text(double nanoseconds);
std::string change_text(double ratio);
std::string interval_text(const Interval& interval);  // "+4.1 .. +6.3 %"
std::string noise_text(double floor);                 // "0.4 %"

}  // namespace tallyman::overhead
