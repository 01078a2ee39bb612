// The agent's own process, for process_*. Reads this machine's /proc/self, not the
// host's: it is also right in a container. Thread-safe.
#pragma once

#include "collectors/kernel/stats/cgroup_stats.h"

#include <chrono>

namespace tallyman {

// Empty if it cannot be read.
struct SelfProcessStats {
  Count cpu_nsec;  // all threads, user and system
  Count resident_bytes, virtual_bytes;
  Count open_fds;  // without the ones opened to count them
  Count max_fds;   // kUnlimited when there is no limit
  Count threads;
  std::optional<double> start_time_seconds;  // since the epoch
};

SelfProcessStats read_self_process();

// CPU time of the calling thread.
std::chrono::nanoseconds thread_cpu_time();

}  // namespace tallyman
