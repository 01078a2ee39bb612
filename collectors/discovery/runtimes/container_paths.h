// What the path of a cgroup alone shows about containers. Pure.
#pragma once

#include "collectors/kernel/stats/cgroup_path.h"

#include <string_view>

namespace tallyman {

// A container or machine of whichever runtime, by its own name and the one above it.
bool is_container_by_path(CgroupPath cgroup);
// It is one, or is inside of one.
bool is_in_a_container_by_path(std::string_view cgroup_path);
// What a container costs beside itself: Kata's /kata_overhead/ID.
bool is_overhead_of_a_container(std::string_view cgroup_path);

}  // namespace tallyman
