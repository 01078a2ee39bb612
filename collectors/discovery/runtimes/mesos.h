// Mesos: /mesos/ID, including nested ones, certain; the id is the name.
#pragma once

#include "collectors/discovery/runtimes/container_runtime.h"

#include <memory>

namespace tallyman {

std::unique_ptr<Runtime> make_mesos_runtime();

}  // namespace tallyman
