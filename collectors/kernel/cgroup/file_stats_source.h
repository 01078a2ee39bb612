// The StatsSource that reads cgroupfs. Works everywhere.
#pragma once

#include "collectors/kernel/cgroup/cgroup_mounts.h"
#include "collectors/kernel/cgroup/stats_source.h"
#include "collectors/kernel/system/host_root.h"

#include <memory>

namespace tallyman {

// Keeps at most `files_kept_open` cgroup files open: 11 to 14 for each cgroup.
std::unique_ptr<StatsSource> make_file_stats_source(const HostRoot& root, const CgroupMounts& mounts,
                                                    std::size_t files_kept_open);

}  // namespace tallyman
