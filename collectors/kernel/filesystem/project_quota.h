// Project quotas (xfs, ext4, f2fs): the file system itself counts a tree's usage and
// limits it. A query takes microseconds where a walk takes seconds, and needs
// CAP_SYS_ADMIN. Any number of threads.
#pragma once

#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/system/error.h"

#include <cstdint>

namespace tallyman {

// The project of a directory that new files in it inherit; 0: none, or a file
// system without projects.
std::uint32_t project_of(int directory);

// The same, if only this tree has it: the directory two levels up belongs to another
// project. Docker assigns one to overlay2/ID, the parent of diff.
std::uint32_t own_project_of(int directory);

struct ProjectUsage {
  std::uint64_t bytes = 0, inodes = 0;
  Count limit_bytes;  // hard limit; empty if there is none
};

// kUnsupported: no quotas here; kDenied: not permitted.
Result<ProjectUsage> project_usage(int directory, std::uint32_t project);

}  // namespace tallyman
