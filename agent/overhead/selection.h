// Converts the user's flags (--workload=, --mode=, --baseline=, --quick ...) to a Choice. Pure.
#pragma once

#include "agent/config/options.h"
#include "agent/overhead/runner.h"

namespace tallyman::overhead {

// A failure names the wrong name and the valid ones.
Result<Choice> choose(const Options::Overhead& options);

}  // namespace tallyman::overhead
