// The config.json of an OCI bundle (https://github.com/opencontainers/runtime-spec):
// what containerd, Podman and CRI-O hand to runc. Pure: text in, facts out.
#pragma once

#include "collectors/model/workload.h"

#include <string>
#include <string_view>

namespace tallyman {

// False: no JSON object, and `metadata` is as it was. Annotations become labels;
// those that name a Kubernetes container, pod and namespace become the labels
// that Docker's shim used, io.kubernetes.{container,pod}.{name,namespace,uid},
// whoever wrote them. A pod's sandbox has the name "POD", as the kubelet calls it.
bool parse_oci_spec(std::string_view text, ContainerMetadata& metadata);

// Its root.path: where the container's file system is put together. Empty: none named.
std::string root_path_of_oci_spec(std::string_view text);

}  // namespace tallyman
