// The final stats of a cgroup: what it had counted when its last process ended.
#pragma once

#include "collectors/kernel/stats/cgroup_stats.h"

namespace tallyman {

// Merges two readings of one cgroup: counters and peaks of `final_stats` if they are
// larger, the memory limit if it was not known, all else from `stats`.
void add_final_stats(CgroupStats& stats, const CgroupStats& final_stats);

}  // namespace tallyman
