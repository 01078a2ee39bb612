// The names of workloads that no runtime names.
#pragma once

#include "collectors/model/workload.h"

namespace tallyman {

// Kind and name from only the path: host, service, slice, scope, machine or cgroup.
void name_by_path(Workload& workload);

}  // namespace tallyman
