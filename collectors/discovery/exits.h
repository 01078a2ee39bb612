// Workloads that have ended, each told once or twice: at once with what it
// counted in the end (LastWords), and for a container again when its runtime's
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

struct Departure {
  WorkloadPtr workload;                   // as last known, with ended_nsec
  std::optional<CgroupStats> last_words;  // the first time, where there are any
  bool complete = false;                  // the last that will be told of it
};

class Departures {
 public:
  explicit Departures(LastWords* last_words) : last_words_(last_words) {}

  // `runtime` may be null: not a container.
  void begin(WorkloadPtr workload, LastWords::Token token, Runtime* runtime, std::string container_id);
  // Looks what has become known since. True while some wait: come back after kLook.
  bool look();

  std::vector<Departure> take();  // in order; any thread
  std::uint64_t dropped() const;  // for want of somebody who takes them

  static constexpr std::chrono::milliseconds kLook{20};

 private:
  using Clock = std::chrono::steady_clock;
  struct Waiting {
    WorkloadPtr workload;
    LastWords::Token token;
    Runtime* runtime;
    std::string container_id;
    Clock::time_point since;
    bool told_counters = false;
    std::uint64_t revision = 0;
  };
  void tell_counters(Waiting& one, bool complete);
  bool look_at_exit(Waiting& one);
  void tell(Departure departure);

  LastWords* last_words_;
  std::list<Waiting> waiting_;

  mutable std::mutex mutex_;
  std::vector<Departure> told_;
  std::uint64_t dropped_ = 0;
};

}  // namespace tallyman
