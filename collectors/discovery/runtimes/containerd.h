// containerd's own containers (Kubernetes' CRI, nerdctl, ctr): cri-containerd-ID.scope
// and nerdctl-ID.scope, certain; kubepods/.../podUID/ID and /NAMESPACE/ID, not certain.
// Read from the OCI bundles below `state`, a path on the host. If empty: /run/containerd,
// and the directories of k3s and MicroK8s.
#pragma once

#include "collectors/discovery/runtimes/container_runtime.h"
#include "collectors/kernel/system/host_root.h"

#include <memory>
#include <string>

namespace tallyman {

std::unique_ptr<Runtime> make_containerd_runtime(const HostRoot& root, const std::string& state);

}  // namespace tallyman
