// The facts that a result depends on. Unknown facts are left out.
#pragma once

#include "collectors/kernel/cgroup/cgroup_mounts.h"
#include "collectors/kernel/system/host_root.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman::overhead {

using Facts = std::map<std::string, std::string>;

// Processor, memory, kernel, mitigations, frequency, load, cgroups, and the
// filesystem of `directory`. Runtimes add theirs (targets.h).
Facts machine_facts(const HostRoot& root, const CgroupMounts& mounts, const std::string& directory);
double load_average(const HostRoot& root);  // over the last minute; 0 if unknown
// CPU time of all CPUs that anything has used since boot, other guests of the hypervisor included.
std::optional<std::uint64_t> busy_ns(const HostRoot& root);
std::string filesystem_of(const HostRoot& root, const std::string& path);  // "ext4 on /dev/vda"

// `refusing` facts must be equal, or two results cannot be compared. Other differences
// are only reported.
bool must_agree(std::string_view fact);
std::vector<std::string> differing(const Facts& before, const Facts& after);

}  // namespace tallyman::overhead
