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
// wrote them. A pod's sandbox has the name "POD", the kubelet's name for it. `kubernetes` is set
// if containerd's CRI or CRI-O wrote the file; only these two know.
bool parse_oci_spec(std::string_view text, ContainerMetadata& metadata);

// An image's name in full, as containerd keeps it and the kubelet reports it: "nginx" is
// "docker.io/library/nginx:latest". An image's id stays as it is.
std::string full_image_name(const std::string& image);

// Its root.path: where the container's file system is assembled. Empty: not set.
std::string root_path_of_oci_spec(std::string_view text);

}  // namespace tallyman
