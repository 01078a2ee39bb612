// The settings of the agent: flags of every command and keys of the file.
#pragma once

#include "agent/config/settings.h"

#include <vector>

namespace tallyman {

// In the order of the docs, without the switches of the collectors.
std::vector<Setting> agent_settings();

}  // namespace tallyman
