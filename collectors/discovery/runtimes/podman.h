// Podman: libpod-ID.scope and libpod-ID, certain. Read from the OCI bundle and
// containers.json of containers/storage, of root and of users.
#pragma once

#include "collectors/discovery/runtimes/container_runtime.h"
#include "collectors/kernel/system/host_root.h"

#include <memory>

namespace tallyman {

std::unique_ptr<Runtime> make_podman_runtime(const HostRoot& root);

}  // namespace tallyman
