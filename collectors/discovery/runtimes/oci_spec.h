// The config.json of an OCI bundle (https://github.com/opencontainers/runtime-spec):
// what containerd, Podman and CRI-O hand to runc. Pure: text in, facts out.
#pragma once

#include "collectors/model/workload.h"

#include <string>
#include <string_view>

namespace tallyman {

// False: no JSON object, and `metadata` is unchanged. Annotations become labels.
// Annotations that name a Kubernetes container, pod and namespace become the labels of
// Docker's shim, io.kubernetes.{container,pod}.{name,namespace,uid}, whichever program
// wrote them. A pod's sandbox has the name "POD", the kubelet's name for it.
bool parse_oci_spec(std::string_view text, ContainerMetadata& metadata);

// Its root.path: where the container's file system is assembled. Empty: not set.
std::string root_path_of_oci_spec(std::string_view text);

}  // namespace tallyman
