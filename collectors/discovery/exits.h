// Workloads that have ended, each told once or twice: at once with what it
// counted in the end (FinalStatsWatcher), and for a container again when its runtime's
// files say how it ended, which dockerd writes some 10 to 100 ms later. Belongs
// to discovery, and to its thread but for take().
#pragma once

#include "collectors/discovery/runtimes/container_runtime.h"
#include "collectors/kernel/cgroup/final_stats_watcher.h"
#include "collectors/model/workload.h"

#include <chrono>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace tallyman {

struct WorkloadExit {
  WorkloadPtr workload;                    // as last known, with ended_nsec
  std::optional<CgroupStats> final_stats;  // the first time, where there are any
  bool complete = false;                   // the last that will be told of it
};

class WorkloadExits {
 public:
  explicit WorkloadExits(FinalStatsWatcher* final_stats) : final_stats_(final_stats) {}

  // `runtime` may be null: not a container.
  void begin(WorkloadPtr workload, FinalStatsWatcher::Token token, Runtime* runtime, std::string container_id);
  // Looks what has become known since. True while some wait: come back after kPollInterval.
  bool poll();

  std::vector<WorkloadExit> take();  // in order; any thread
  std::uint64_t dropped() const;     // for want of somebody who takes them

  static constexpr std::chrono::milliseconds kPollInterval{20};

 private:
  using Clock = std::chrono::steady_clock;
  struct Waiting {
    WorkloadPtr workload;
    FinalStatsWatcher::Token token;
    Runtime* runtime;
    std::string container_id;
    Clock::time_point since;
    bool reported_counters = false;
    std::uint64_t revision = 0;
  };
  void report_counters(Waiting& one, bool complete);
  bool check_exit(Waiting& one);
  void tell(WorkloadExit workload_exit);

  FinalStatsWatcher* final_stats_;
  std::list<Waiting> waiting_;

  mutable std::mutex mutex_;
  std::vector<WorkloadExit> reported_;
  std::uint64_t dropped_ = 0;
};

}  // namespace tallyman
