// Kubernetes' pods: identified by the paths of their cgroups, and named by the
// annotations of their containers (the kubelet itself writes a pod's name only into files
// next to the pod's secrets). Pure.
#pragma once

#include "collectors/model/workload.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace tallyman {

// uid, QoS class and static flag of a pod's own cgroup: kubepods/burstable/podUID with
// the kubelet's cgroupfs driver, kubepods-burstable-podUID.slice with systemd's, below
// any --cgroup-root.
std::optional<PodIdentity> pod_by_path(std::string_view cgroup_path);

// Of a container that Docker runs for Kubernetes: the labels that the kubelet's shim gives it.
// Only of one whose cgroup is a pod's: an image may have such labels too.
std::optional<KubernetesIdentity> identity_by_labels(const ContainerMetadata& container);

// The pod's name and namespace from its sandbox or one of its containers, from its sandbox the
// owner too; false: they have none.
bool take_pod_name(const ContainerMetadata& container, PodIdentity& pod);

// From the labels that Kubernetes' controllers give to the pods that they make, and the pod's
// name, which begins with the owner's. Empty: it has no such labels, as a pod made by hand.
PodOwner owner_of_pod(std::string_view pod_name, const std::map<std::string, std::string>& labels);

}  // namespace tallyman
