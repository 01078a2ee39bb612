// A cgroup of the laboratory's own in every hierarchy the host has, and what the
// kernel accounts for any cgroup. The paths come from CgroupMounts.
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

// The directories of a cgroup "/name", one a hierarchy. No access.
std::vector<std::string> cgroup_directories(const CgroupMounts& hierarchy, const std::string& name);
// Makes one; cgroup.procs of the new directory. On v1 a new cpuset takes its
// parent's CPUs and memory nodes, without which nothing may enter it.
Result<std::string> make_cgroup(const std::string& directory);
// Ends what runs in it and removes it, as one directory of one hierarchy.
Result<void> remove_cgroup(const std::string& directory);

// The cgroup of a process as discovery would name it ("/docker/ID"); empty if unknown.
std::string cgroup_of_process(const HostRoot& root, const CgroupMounts& hierarchy, int pid);

// Reads CPU time by the very reader that the agent samples with.
class CgroupClock {
 public:
  explicit CgroupClock(const CgroupMounts& hierarchy);
  ~CgroupClock();
  // Nanoseconds of CPU time; nothing where the kernel does not tell.
  std::optional<std::uint64_t> cpu_ns(const std::string& cgroup);

 private:
  std::unique_ptr<StatsSource> source_;
};

}  // namespace tallyman::overhead
