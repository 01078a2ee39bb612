// The reports of `tallyman overhead run`, for the API, the dashboard and the gauges of
// the last report. The agent only reads them; it does not measure by itself.
#pragma once

#include "agent/overhead/model/failure.h"
#include "collectors/kernel/system/thread_annotations.h"
#include "collectors/model/self_statistics.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace tallyman {

// `chosen`, or the default directory of reports: /var/lib/tallyman/overhead for root,
// ~/.local/state/tallyman/overhead (XDG_STATE_HOME) for others.
std::string overhead_directory(const std::string& chosen);

// The content of a report.json of at most 64 MiB. The failure names the file.
overhead::Result<std::string> read_report_text(const std::string& file);

struct ReportList {
  struct Unreadable {
    std::string run, error;  // the error names the file
  };
  std::string directory;
  std::vector<std::string> summaries;  // newest first; each a JSON object
  std::vector<Unreadable> unreadable;
};

// Thread-safe. A file is read again when its size or time changes.
class OverheadReports {
 public:
  explicit OverheadReports(std::string directory) : directory_(std::move(directory)) {}

  // Failure: the directory cannot be read. A missing directory has no reports.
  overhead::Result<ReportList> list();
  // The unchanged report.json of a run. FailureKind::kNotFound: no such run.
  overhead::Result<std::string> report(const std::string& run);
  // Figures of the newest readable report: the same pointer until there is a newer one. Null: no report.
  std::shared_ptr<const OverheadFigures> newest();

 private:
  struct Known {
    std::filesystem::file_time_type changed;
    std::uintmax_t bytes = 0;
    std::string error;    // if not empty: why it cannot be read; names the file
    std::string summary;  // an object of the list
    std::shared_ptr<const OverheadFigures> figures;
  };

  // Only requested files are read: a scrape reads only the newest.
  std::vector<std::string> runs() REQUIRES(mutex_);            // newest first
  const Known* read(const std::string& run) REQUIRES(mutex_);  // null: the run has no report (yet)
  std::string file_of(const std::string& run) const { return directory_ + "/" + run + "/report.json"; }

  const std::string directory_;
  Mutex mutex_;
  std::map<std::string, Known> known_ GUARDED_BY(mutex_);  // by run; names begin with the time
  std::string directory_error_ GUARDED_BY(mutex_);
};

}  // namespace tallyman
