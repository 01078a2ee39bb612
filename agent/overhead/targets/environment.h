// The facts that a result hangs on. A fact that cannot be found out is not there.
#pragma once

#include "collectors/kernel/cgroup/cgroup_mounts.h"
#include "collectors/kernel/system/host_root.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman::overhead {

using Facts = std::map<std::string, std::string>;

// Processor, memory, kernel, mitigations, frequency, load, cgroups, and the
// filesystem of `directory`. Runtimes add theirs (targets.h).
Facts machine_facts(const HostRoot& root, const CgroupMounts& hierarchy, const std::string& directory);
double load_average(const HostRoot& root);                                 // of the last minute; 0 if unknown
std::string filesystem_of(const HostRoot& root, const std::string& path);  // "ext4 on /dev/vda"

// Facts that must be the same for two results to be compared at all, and the
// others, which are told when they differ.
bool must_agree(std::string_view fact);
std::vector<std::string> differing(const Facts& before, const Facts& after);

}  // namespace tallyman::overhead
