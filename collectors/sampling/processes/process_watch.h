// Scans processes in threads of its own, so that ten thousand of them block neither a
// pass nor a scrape. Scans at the sampler's interval while that is cheap, and skips
// intervals once a scan costs more than its share of a CPU.
//
// A file of /proc may wait for the process that it is about, and that process for a server
// that is gone. So each scan runs in a thread that can be left behind: nothing waits for it
// without a bound, neither a start nor an end. The last report stays until the scan returns.
#pragma once

#include "collectors/kernel/system/deadline_caller.h"
#include "collectors/kernel/system/thread.h"
#include "collectors/kernel/system/thread_annotations.h"
#include "collectors/model/workload.h"
#include "collectors/sampling/processes/process_scan.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace tallyman {

struct ProcessWatchOptions {
  ProcessScanOptions scan;
  std::chrono::milliseconds interval{1'000}, slow_interval{10'000};
  unsigned max_percent = 2;  // of one CPU
  // Called from the thread, once for each scan that hangs. The text is a whole sentence.
  std::function<void(const std::string&)> on_warning{};
  std::chrono::milliseconds hangs_after{10'000};
};

struct ProcessWatchStatistics {
  std::uint64_t scans = 0;
  double last_cpu_seconds = 0, cpu_seconds = 0;
  double interval_seconds = 0;  // to the next scan
  std::uint64_t late = 0;       // scans that did not begin, because the one before was still running
};

class ProcessWatch {
 public:
  using Workloads = std::function<WorkloadListPtr()>;
  // `workloads` gives the newest list of cgroups; it is called from the thread.
  ProcessWatch(const HostRoot& root, ProcessGrouping grouping, ProcessWatchOptions options, Workloads workloads);
  ~ProcessWatch();  // stop()

  // Scans now, and waits for so long at most. Not between start() and stop().
  void scan_once(std::chrono::milliseconds at_most = std::chrono::seconds(10));
  void start();
  void stop();  // within half a second

  // Both are thread-safe. The report is null before the first scan.
  ProcessReportPtr report() const;
  ProcessWatchStatistics statistics() const;
  // How containers' first processes ended; null if the kernel's records are not read.
  std::shared_ptr<const InitExits> init_exits() const;

  // The pause after a scan that used so much CPU time.
  static std::chrono::milliseconds pause_after(double cpu_seconds, const ProcessWatchOptions& options);

 private:
  struct Scanner;

  void run();
  bool scan(std::chrono::milliseconds at_most);
  void warn_if_it_hangs();
  bool wait_until(std::chrono::steady_clock::time_point due);  // false: stop

  const ProcessWatchOptions options_;
  const Workloads workloads_;
  const std::shared_ptr<Scanner> scanner_;  // shared with a scan that hangs: that may outlive the watch
  std::chrono::steady_clock::time_point began_{};
  bool warned_ = false;  // about the scan that hangs

  DeadlineCaller caller_;
  Thread thread_{"processes"};  // last: it uses all members above
};

}  // namespace tallyman
