// Podman: libpod-ID.scope, libpod-ID and libpod-payload-ID, certain. Read from the OCI bundle and
// containers.json of containers/storage: root's, and for a user's container that user's.
#pragma once

#include "collectors/discovery/runtimes/container_runtime.h"
#include "collectors/discovery/runtimes/user_files.h"
#include "collectors/kernel/system/host_root.h"

#include <memory>

namespace tallyman {

// `users` may be null: it then has its own.
std::unique_ptr<Runtime> make_podman_runtime(const HostRoot& root, std::shared_ptr<UserFiles> users = {});

}  // namespace tallyman
