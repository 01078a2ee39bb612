// What is known about one process. Internal to the process scan.
#pragma once

#include "collectors/model/process_facts.h"
#include "collectors/sampling/processes/process_scan.h"

#include <map>

namespace tallyman {

inline constexpr ProcessFiles::Pid kKernelThreads = 2;  // kthreadd

// Key of a process's executable file in program_names_.
inline std::uint64_t program_key(std::uint64_t device, std::uint64_t inode) {
  constexpr std::uint64_t kSpread = 0x9E3779B97F4A7C15ULL;
  return (device * kSpread) ^ inode;
}

struct ProcessScan::Process {
  PidStat stat;  // as last read
  std::string executable, group_name;
  std::vector<CgroupMembership> cgroups;  // each path once
  std::string cgroup;                     // the path that led to its home
  ProcessAccount* home = nullptr;         // of its cgroup
  ProcessAccount* group = nullptr;        // if it is bare
  Tallies totals;                         // the booked part
  std::optional<RuntimeProcess> runtime;  // if it belongs to a container runtime
  ProcessAccount* served = nullptr;       // the workload it runs for; null while unknown
  std::uint64_t served_cpu_nsec = 0;      // the part of its CPU time booked there
  std::uint64_t seen = 0;                 // scan
  unsigned reads = 0;
  bool finished = false;  // its exit is booked
  bool placed = false;

  std::uint64_t resident_bytes = 0;
  Count anon, swap, open_files, sockets, pss;
  TaskStates tasks;
  std::chrono::steady_clock::time_point pss_read{};
  std::map<std::uint32_t, ThreadSched> threads;  // without taskstats: totals must not fall when threads end
  Tallies threads_growth;

  Tallies ended_threads;  // from their records: faults and bytes

  // Without taskstats: the times of the children that it has waited for, and how much of
  // their growth is already booked from when they were seen.
  Tallies children, booked_of_children, booked_too_early;
  struct Successor {  // an ended child: the rest is attributed to it
    ProcessAccount* home = nullptr;
    ProcessAccount* group = nullptr;
    std::string executable;
  } successor;

  bool is_bare() const { return group != nullptr; }
};

// A process that ended recently: its orphans belong to it.
struct ProcessScan::ExitedProcess {
  std::string cgroup;
  std::uint64_t scan = 0;
};

}  // namespace tallyman
