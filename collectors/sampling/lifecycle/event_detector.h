// Detects events in successive samples of one workload: OOM kills, lasting throttling,
// changed limits and health, pauses. Belongs to the sampler's thread.
#pragma once

#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/model/events.h"
#include "collectors/model/workload.h"
#include "collectors/sampling/lifecycle/oom_victims.h"

#include <chrono>
#include <cstdint>
#include <vector>

namespace tallyman {

// `memory_limit_bytes`, if there is a limit and it is known.
void add_memory_limit(Event& event, const LimitStats& limits);

class EventDetector {
 public:
  // What is remembered about one workload between samples.
  struct Memory {
    bool seen = false;
    // oom_kills is empty at first for a workload that is older than the agent; else 0.
    Count oom_kills, frozen, periods, throttled;
    std::uint64_t last_oom_nsec = 0;  // time of the last event of a kill; 0: none
    std::chrono::steady_clock::time_point first_seen;
    LimitStats limits;
    bool has_limits = false;
    Health health = Health::kNone;
    std::chrono::steady_clock::time_point throttled_since;  // set only while throttled
    bool is_throttled = false, reported_throttled = false;
  };

  // `victims`: null if nothing names them.
  explicit EventDetector(EventLog& log, OomVictims* victims = nullptr) : log_(log), victims_(victims) {}

  // Parents before children; end_pass() after the last.
  void check(const Workload& workload, const CgroupStats& stats, Memory& memory, std::uint64_t wall_nsec,
             std::chrono::steady_clock::time_point now);
  // All cgroups above count an OOM kill too: only the lowest reports it.
  void end_pass();

  // The creator of a workload sets its limits right at the start: these are not
  // changes.
  static constexpr std::chrono::seconds kSettlingTime{5};
  // Throttled in more than half of its periods, for so long.
  static constexpr std::chrono::seconds kThrottledFor{10};

 private:
  void check_throttling(const Workload& workload, const CpuStats& cpu, Memory& memory, std::uint64_t wall_nsec,
                        std::chrono::steady_clock::time_point now);
  void check_oom_kills(const Workload& workload, const CgroupStats& stats, Memory& memory, std::uint64_t wall_nsec);
  void check_limits(const Workload& workload, const LimitStats& limits, Memory& memory, std::uint64_t wall_nsec,
                    std::chrono::steady_clock::time_point now);

  EventLog& log_;
  OomVictims* victims_;
  std::vector<Event> oom_kills_;
};

}  // namespace tallyman
