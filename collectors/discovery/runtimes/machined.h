// systemd-machined's machines: machine-NAME.scope, kind machine or container according to
// its class, and systemd-nspawn@NAME.service, certain; other units that have registered
// themselves, not certain. Named by /run/systemd/machines.
#pragma once

#include "collectors/discovery/runtimes/container_runtime.h"
#include "collectors/kernel/system/host_root.h"

#include <memory>

namespace tallyman {

std::unique_ptr<Runtime> make_machined_runtime(const HostRoot& root);

}  // namespace tallyman
