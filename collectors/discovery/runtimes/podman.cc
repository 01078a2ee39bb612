// Podman (libpod): names in containers.json, exit codes in conmon's files, everything else in the OCI bundle.
#include "collectors/discovery/runtimes/podman.h"

#include "collectors/discovery/runtimes/containers_storage.h"

namespace tallyman {

std::unique_ptr<Runtime> make_podman_runtime(const HostRoot& root) {
  return std::make_unique<ContainersStorageRuntime>(root, "podman", "libpod", "/run/libpod/exits");
}

}  // namespace tallyman
