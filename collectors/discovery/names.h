// The names of workloads that no runtime names.
#pragma once

#include "collectors/model/workload.h"

namespace tallyman {

// Kind and name from only the path: host, pod, service, slice, scope, machine or cgroup. Also who
// made it. What is inside of a container, or made by a user, is at most a unit.
void name_by_path(Workload& workload);

// A name as it is shown: after the one of the container that it is inside of, or of the user who made it:
// "web/cron.service", "user@1000/syncthing.service". `outer` is null if it is not inside of any.
std::string shown_name(const Workload& workload, const Workload* outer, std::string_view name);

}  // namespace tallyman
