// The user's words (--workload=, --mode=, --baseline=, --quick ...) as a Choice. Pure.
#pragma once

#include "agent/config/options.h"
#include "agent/overhead/runner.h"

namespace tallyman::overhead {

// Failure names the word that is wrong, and what there is.
Result<Choice> choose(const Options& options);

}  // namespace tallyman::overhead
