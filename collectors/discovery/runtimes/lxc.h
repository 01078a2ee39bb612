// LXC, Incus, LXD: lxc.payload.NAME, lxc.payload/NAME and /lxc/NAME, certain; the name is the id.
#pragma once

#include "collectors/discovery/runtimes/container_runtime.h"
#include "collectors/kernel/system/host_root.h"

#include <memory>

namespace tallyman {

std::unique_ptr<Runtime> make_lxc_runtime(const HostRoot& root);

}  // namespace tallyman
