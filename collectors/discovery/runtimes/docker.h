// Docker, both cgroup drivers: .../docker/ID and docker-ID.scope, certain; and PARENT/ID
// (--cgroup-parent), not certain. Containers inside a container do not belong to this
// host's Docker. `data_root` is the path on the host ("/var/lib/docker"). If empty: the
// value in /etc/docker/daemon.json, else the default, and the home directories of users
// who run it rootless. Containers of userns-remap below it are found too. Symbolic links
// are followed as the host would.
//
// While a container is being started, its files still describe its last run: start time,
// pid and health are left out until it runs.
#pragma once

#include "collectors/discovery/runtimes/container_runtime.h"
#include "collectors/kernel/system/host_root.h"

#include <memory>
#include <string>

namespace tallyman {

std::unique_ptr<Runtime> make_docker_runtime(const HostRoot& root, std::string data_root);

}  // namespace tallyman
