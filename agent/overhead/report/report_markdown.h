// A record as Markdown with pictures, and with its verdicts as JSON. Pure; thread-safe.
#pragma once

#include "agent/overhead/model/record.h"
#include "agent/overhead/report/analysis.h"

#include <string>

namespace tallyman::overhead {

std::string markdown_text(const Record& record, const Analysis& analysis);
// report.json: the record with its verdicts. A difference within the noise has no ratio there.
std::string report_json(const Record& record, const Analysis& analysis);

}  // namespace tallyman::overhead
