// The agent's own process, for process_*. Reads this machine's /proc/self, not
// the host's: the agent in a container still is itself. Thread-safe.
#pragma once

#include "collectors/kernel/stats/cgroup_stats.h"

#include <chrono>

namespace tallyman {

// Empty where it cannot be read.
struct SelfProcessStats {
  Count cpu_nsec;  // all threads, user and system
  Count resident_bytes, virtual_bytes;
  Count open_fds;  // without those that counting them takes
  Count max_fds;   // kUnlimited when there is no limit
  Count threads;
  std::optional<double> start_time_seconds;  // since the epoch
};

SelfProcessStats read_self_process();

// What the calling thread has used of a CPU.
std::chrono::nanoseconds thread_cpu_time();

}  // namespace tallyman
