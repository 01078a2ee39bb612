// Scans processes in a thread of its own, so that ten thousand of them block neither a
// pass nor a scrape. Scans at the sampler's interval while that is cheap, and skips
// intervals once a scan costs more than its share of a CPU.
#pragma once

#include "collectors/kernel/system/thread.h"
#include "collectors/kernel/system/thread_annotations.h"
#include "collectors/model/workload.h"
#include "collectors/sampling/processes/process_scan.h"

#include <chrono>
#include <functional>
#include <memory>

namespace tallyman {

struct ProcessWatchOptions {
  ProcessScanOptions scan;
  std::chrono::milliseconds interval{1'000}, slow_interval{10'000};
  unsigned max_percent = 2;  // of one CPU
};

struct ProcessWatchStatistics {
  std::uint64_t scans = 0;
  double last_cpu_seconds = 0, cpu_seconds = 0;
  double interval_seconds = 0;  // to the next scan
};

class ProcessWatch {
 public:
  using Workloads = std::function<WorkloadListPtr()>;
  // `workloads` gives the newest list of cgroups; it is called from the thread.
  ProcessWatch(const HostRoot& root, ProcessGrouping grouping, ProcessWatchOptions options, Workloads workloads);
  ~ProcessWatch();  // stop()

  // Scans in the caller's thread; not between start() and stop().
  void scan_once();
  void start();
  void stop();  // within the time of one scan

  // Both are thread-safe. The report is null before the first scan.
  ProcessReportPtr report() const;
  ProcessWatchStatistics statistics() const;

  // The pause after a scan that used so much CPU time.
  static std::chrono::milliseconds pause_after(double cpu_seconds, const ProcessWatchOptions& options);

 private:
  void run();
  bool wait_until(std::chrono::steady_clock::time_point due);  // false: stop

  ProcessWatchOptions options_;
  Workloads workloads_;
  ProcessScan scan_;
  std::chrono::steady_clock::time_point last_slow_{};

  mutable Mutex mutex_;
  ProcessReportPtr report_ GUARDED_BY(mutex_);
  ProcessWatchStatistics statistics_ GUARDED_BY(mutex_);

  Thread thread_{"processes"};  // last: it uses all members above
};

}  // namespace tallyman
