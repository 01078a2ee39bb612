// Project quotas (xfs, ext4, f2fs): what a tree takes and may take, kept by the
// file system itself. Asking costs microseconds where a walk costs seconds;
// needs CAP_SYS_ADMIN. Any number of threads.
#pragma once

#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/system/error.h"

#include <cstdint>

namespace tallyman {

// The project of a directory that new files in it inherit; 0: none, or a file
// system without projects.
std::uint32_t project_of(int directory);

// The same, if it is this tree's alone: the directory above the one above it is
// of another project. Docker gives one to overlay2/ID, in which diff lies.
std::uint32_t own_project_of(int directory);

struct ProjectUsage {
  std::uint64_t bytes = 0, inodes = 0;
  Count limit_bytes;  // hard; empty where there is none
};

// kUnsupported: no quotas here; kDenied: not permitted.
Result<ProjectUsage> project_usage(int directory, std::uint32_t project);

}  // namespace tallyman
