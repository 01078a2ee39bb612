// Podman (libpod): names in containers.json, exit codes in conmon's files, everything else in the OCI bundle.
#include "collectors/discovery/runtimes/podman.h"

#include "collectors/discovery/runtimes/containers_storage.h"

namespace tallyman {

// The second prefix is that of --cgroups=split, which Quadlet uses.
std::unique_ptr<Runtime> make_podman_runtime(const HostRoot& root, std::shared_ptr<UserFiles> users) {
  if (!users) users = std::make_shared<UserFiles>(root);
  const auto prefixes = {std::string_view("libpod"), std::string_view("libpod-payload")};
  return std::make_unique<ContainersStorageRuntime>(root, "podman", prefixes, "/run/libpod/exits", std::move(users));
}

}  // namespace tallyman
