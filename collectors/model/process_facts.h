// What is known about the processes of one workload, including those of the cgroups below
// it. Counters include ended processes and never fall. Empty: not known, or not for all
// of them.
#pragma once

#include "collectors/kernel/stats/process_stats.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

// Processes that run the same program.
struct ExecutableStats {
  std::string name;  // the executable's file name; "[other]" for those beyond the limit
  std::uint64_t processes = 0, threads = 0, rss_bytes = 0;
  std::uint64_t cpu_nsec = 0;
};

// Processes of the container runtime itself that serve a workload, outside of its cgroup.
struct RuntimeComponentStats {
  std::string component;  // "containerd-shim", "dockerd"
  std::uint64_t processes = 0, rss_bytes = 0;
  std::uint64_t cpu_nsec = 0;
};

enum class NamespaceSharing : std::uint8_t { kOwn, kHost, kShared };
std::string_view to_string(NamespaceSharing sharing);  // "own", ...

struct NamespaceFact {
  NamespaceType type = NamespaceType::kCgroup;
  std::uint64_t inode = 0;
  NamespaceSharing sharing = NamespaceSharing::kOwn;
  std::vector<std::string> with;  // some of the other workloads in it, if kShared
};

struct TaskStates {  // threads
  std::uint64_t sleeping = 0, running = 0, stopped = 0, uninterruptible = 0;
};

struct ProcessFacts {
  // When the processes of all workloads were last read; the epoch: not known.
  std::chrono::steady_clock::time_point all_read_at{};
  // This /proc hides processes, so that some may be missing.
  bool some_hidden = false;
  Count processes, threads;
  Count open_files, sockets;
  Count open_files_limit;  // of its first process; kUnlimited if there is none
  Count pss_bytes;
  Count voluntary_switches, involuntary_switches;
  Count run_nsec, runqueue_nsec, timeslices;
  // Where the kernel does not count a container's I/O (cgroup v1): totals of its processes, over all devices.
  Count read_bytes, written_bytes;
  std::optional<TaskStates> tasks;
  Count load_milli, uninterruptible_load_milli;  // over 10 s, times 1000
  std::vector<ExecutableStats> executables;      // sorted by name
  std::vector<RuntimeComponentStats> runtime;    // sorted by component; for the host: the daemons
  std::vector<NamespaceFact> namespaces;         // by type
};

}  // namespace tallyman
