// The user's words (--workload=, --mode=, --baseline=, --quick ...) as a Choice. Pure.
#pragma once

#include "agent/config/options.h"
#include "agent/overhead/runner.h"

namespace tallyman::overhead {

// Trouble names the word that is wrong, and what there is.
Attempt<Choice> choose(const Options& options);

}  // namespace tallyman::overhead
