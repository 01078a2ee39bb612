// Docker, both cgroup drivers: .../docker/ID, docker-ID.scope and SLICE:docker:ID, certain; and
// PARENT/ID (--cgroup-parent), not certain. `data_root` is the path on the host
// ("/var/lib/docker"). If empty it is found (docker_places.h). Containers of userns-remap below
// it are found too. Of a user's containers, that user's Docker is asked. Symbolic links of root's
// are followed as the host would.
//
// While a container is being started, its files still describe its last run: start time,
// pid and health are left out until it runs.
#pragma once

#include "collectors/discovery/runtimes/container_runtime.h"
#include "collectors/discovery/runtimes/user_files.h"
#include "collectors/kernel/system/host_root.h"

#include <memory>
#include <string>

namespace tallyman {

// `users` may be null: it then has its own.
std::unique_ptr<Runtime> make_docker_runtime(const HostRoot& root, std::string data_root,
                                             std::shared_ptr<UserFiles> users = {});

}  // namespace tallyman
