// The flags that belong to one command, or two, and are no keys of the file.
#pragma once

#include "agent/config/settings.h"

#include <vector>

namespace tallyman {

// In the order of the docs.
std::vector<Setting> command_flags();

}  // namespace tallyman
