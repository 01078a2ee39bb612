// Cgroups for the targets in every hierarchy of the host, and the CPU time that the
// kernel accounts to a cgroup. The paths come from CgroupMounts.
#pragma once

#include "agent/overhead/model/failure.h"
#include "collectors/kernel/cgroup/cgroup_mounts.h"
#include "collectors/kernel/cgroup/stats_source.h"
#include "collectors/kernel/system/host_root.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tallyman::overhead {

// The directories of a cgroup "/name", one per hierarchy. No file access.
std::vector<std::string> cgroup_directories(const CgroupMounts& mounts, const std::string& name);
// Creates a cgroup and returns its cgroup.procs. On v1 a new cpuset gets its parent's
// CPUs and memory nodes, because otherwise no process may enter it.
Result<std::string> make_cgroup(const std::string& directory);
// Kills the processes in the cgroup and removes it. Takes one directory of one hierarchy.
Result<void> remove_cgroup(const std::string& directory);

// The cgroup of a process, as discovery names it ("/docker/ID"); empty if unknown.
std::string cgroup_of_process(const HostRoot& root, const CgroupMounts& mounts, int pid);

struct CgroupTimes {
  std::optional<std::uint64_t> cpu_ns;        // empty if the kernel reports none
  std::optional<std::uint64_t> throttled_ns;  // stopped by its own CPU limit
};

// Reads CPU time with the same reader as the agent's sampling.
class CgroupClock {
 public:
  explicit CgroupClock(const CgroupMounts& mounts);
  ~CgroupClock();
  CgroupTimes times(const std::string& cgroup);

 private:
  std::unique_ptr<StatsSource> source_;
};

}  // namespace tallyman::overhead
