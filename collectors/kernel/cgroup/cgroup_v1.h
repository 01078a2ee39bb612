// The reader of cgroup v1's files. cgroup_v1 and cgroup_v2 alone know how the versions differ.
#pragma once

#include "collectors/kernel/cgroup/cgroup_reader.h"

namespace tallyman {

const CgroupReader& cgroup_v1_reader();

}  // namespace tallyman
