// Workloads that have ended, each reported once or twice: at once with its final stats
// (FinalStatsWatcher), and for a container again when its runtime's files say how it
// ended, which dockerd writes some 10 to 100 ms later. Belongs to discovery; only take()
// may be called from another thread.
#pragma once

#include "collectors/discovery/runtimes/container_runtime.h"
#include "collectors/kernel/cgroup/final_stats_watcher.h"
#include "collectors/kernel/system/thread_annotations.h"
#include "collectors/model/workload.h"

#include <chrono>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <vector>

namespace tallyman {

struct WorkloadExit {
  WorkloadPtr workload;                    // the last known state, with ended_nsec
  std::optional<CgroupStats> final_stats;  // in the first report, if there are any
  bool complete = false;                   // no further report follows
};

class WorkloadExits {
 public:
  using Clock = std::chrono::steady_clock;

  explicit WorkloadExits(FinalStatsWatcher* final_stats) : final_stats_(final_stats) {}

  // `runtime` may be null: not a container.
  void begin(WorkloadPtr workload, FinalStatsWatcher::Token token, Runtime* runtime, ContainerRef container,
             Clock::time_point now = Clock::now());
  // Checks for new information. True while some wait: call again after kPollInterval.
  bool poll(Clock::time_point now = Clock::now());

  std::vector<WorkloadExit> take();  // in order; any thread
  std::uint64_t dropped() const;     // because nobody took them

  static constexpr std::chrono::milliseconds kPollInterval{20};
  static constexpr std::chrono::milliseconds kFinalStatsTime{20};  // they arrive before the removal, or never
  static constexpr std::chrono::seconds kExitTime{2};              // for the runtime to write its exit code

 private:
  struct Waiting {
    WorkloadPtr workload;
    FinalStatsWatcher::Token token;
    Runtime* runtime;
    ContainerRef container;
    Clock::time_point since;
    bool reported_counters = false;
    std::uint64_t revision = 0;
  };
  void report_counters(Waiting& one, bool complete);
  bool check_exit(Waiting& one);
  void report(WorkloadExit workload_exit);

  FinalStatsWatcher* final_stats_;
  std::list<Waiting> waiting_;

  mutable Mutex mutex_;
  std::vector<WorkloadExit> reported_ GUARDED_BY(mutex_);
  std::uint64_t dropped_ GUARDED_BY(mutex_) = 0;
};

}  // namespace tallyman
