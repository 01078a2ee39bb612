// CRI-O: crio-ID.scope and crio-ID, certain. Read from the bundles of containers/storage.
#pragma once

#include "collectors/discovery/runtimes/container_runtime.h"
#include "collectors/kernel/system/host_root.h"

#include <memory>

namespace tallyman {

std::unique_ptr<Runtime> make_crio_runtime(const HostRoot& root);

}  // namespace tallyman
