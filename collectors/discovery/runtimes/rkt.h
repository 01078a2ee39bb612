// Rocket: machine.slice/machine-rkt-UUID.scope, certain; named by the pod's manifest.
#pragma once

#include "collectors/discovery/runtimes/container_runtime.h"
#include "collectors/kernel/system/host_root.h"

#include <memory>

namespace tallyman {

std::unique_ptr<Runtime> make_rkt_runtime(const HostRoot& root);

}  // namespace tallyman
