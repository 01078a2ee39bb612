// containerd's own containers (Kubernetes' CRI, nerdctl, ctr, Nomad's driver, Kata):
// cri-containerd-ID.scope, nerdctl-ID.scope, SLICE:cri-containerd:ID, certain;
// kubepods/.../podUID/ID, kata_ID and /NAMESPACE/ID, not certain. Read from the OCI bundles below
// `state`, a path on the host. If empty: /run/containerd, the directories of k3s, k0s and
// MicroK8s, and what running containerds and their shims name. Of a user's containers, that
// user's containerd is asked.
#pragma once

#include "collectors/discovery/runtimes/container_runtime.h"
#include "collectors/discovery/runtimes/user_files.h"
#include "collectors/kernel/system/host_root.h"

#include <memory>
#include <string>

namespace tallyman {

// `users` may be null: it then has its own. `data`, a path on the host, is where the database of
// all of root's containerds is looked for; if empty, where each usually has it.
std::unique_ptr<Runtime> make_containerd_runtime(const HostRoot& root, const std::string& state,
                                                 std::shared_ptr<UserFiles> users = {}, const std::string& data = {});

}  // namespace tallyman
