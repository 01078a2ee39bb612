// Kubernetes' pods: told by the paths of their cgroups, named by what their
// containers' annotations say (the kubelet itself writes no file with a pod's name
// that is not its secrets' neighbour). Pure.
#pragma once

#include "collectors/model/workload.h"

#include <optional>
#include <string_view>

namespace tallyman {

// uid, QoS class and whether it is static, of a pod's own cgroup; with the
// kubelet's cgroupfs driver kubepods/burstable/podUID, with systemd's
// kubepods-burstable-podUID.slice, below any --cgroup-root.
std::optional<PodIdentity> pod_by_path(std::string_view cgroup_path);

// The pod's name and namespace as its sandbox or a container of it has them; false: they say none.
bool take_pod_name(const ContainerMetadata& container, PodIdentity& pod);

}  // namespace tallyman
