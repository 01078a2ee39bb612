// The reports of `tallyman overhead run`, for the API, the dashboard and the gauges
// of the last one. The agent only reads them: it measures nothing by itself.
#pragma once

#include "agent/http/http_server.h"
#include "exporters/self_metrics.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace tallyman {

// `chosen`, or where reports are kept: /var/lib/tallyman/overhead for root,
// ~/.local/state/tallyman/overhead (XDG_STATE_HOME) for others.
std::string overhead_directory(const std::string& chosen);

// A report.json of 64 MiB at most, or why there is none: names the file.
struct ReportText {
  std::string text, error;
};
ReportText read_report_text(const std::string& file);

// Thread-safe. A file is read again when its size or time has changed.
class OverheadReports {
 public:
  explicit OverheadReports(std::string directory) : directory_(std::move(directory)) {}

  // /api/v1/overhead: what there is, newest first, and which files cannot be read and why.
  HttpResponse list();
  // /api/v1/overhead/RUN: its report.json as it is.
  HttpResponse report(const std::string& run);
  // Of the newest report that can be read: the same pointer until there is another. Null: there is none.
  std::shared_ptr<const OverheadFigures> newest();

 private:
  struct Known {
    std::filesystem::file_time_type changed;
    std::uintmax_t bytes = 0;
    std::string error;    // not empty: why it cannot be read; names the file
    std::string summary;  // an object of the list
    std::shared_ptr<const OverheadFigures> figures;
  };

  // Both under the mutex. Only what is asked for is read: a scrape reads the newest alone.
  std::vector<std::string> runs();            // newest first
  const Known* read(const std::string& run);  // null: it has no report (yet)
  std::string file_of(const std::string& run) const { return directory_ + "/" + run + "/report.json"; }

  const std::string directory_;
  std::mutex mutex_;
  std::map<std::string, Known> known_;  // by run: names begin with the time
  std::string directory_error_;
};

}  // namespace tallyman
