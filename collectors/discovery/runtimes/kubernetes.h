// Kubernetes' pods: identified by the paths of their cgroups, and named by the
// annotations of their containers (the kubelet itself writes a pod's name only into files
// next to the pod's secrets). Pure.
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
