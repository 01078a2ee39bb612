// What stays the same when something starts again in another cgroup and under another id.
// One rule for every runtime. Pure: uses only the workload.
#pragma once

#include "collectors/model/workload.h"

#include <string>

namespace tallyman {

// For a container: the pod's uid and the container's name, the Compose project, service and
// number, or the name that its runtime gives it. For a machine its name. Else the id, which
// for a unit is its path. Two workloads of one host that exist at a time rarely share one:
// only where somebody gave them the same labels.
std::string identity_of(const Workload& workload);

// True if it has one that outlasts its cgroup, and is no affair of a container around it.
bool has_lasting_identity(const Workload& workload);

// What a sentence about it begins with: "web", "crash in shop/oom-vm".
std::string subject_of(const Workload& workload);

}  // namespace tallyman
