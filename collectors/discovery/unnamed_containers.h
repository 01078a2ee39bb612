// Containers that stay without a name: the warning about them, one for each runtime.
#pragma once

#include "collectors/discovery/runtimes/container_runtime.h"

#include <string>

namespace tallyman {

// "containers of docker have no names: ...": the path that was tried, and what mends it.
std::string unnamed_warning(const Runtime& runtime);

}  // namespace tallyman
