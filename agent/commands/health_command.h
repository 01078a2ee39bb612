// `tallyman health`: whether the agent answers and its samples are recent. For health checks of containers, whose image
// has nothing else to ask with.
#pragma once

#include "agent/config/options.h"

#include <iosfwd>

namespace tallyman {

// 0: it is ready; 1: it is not, and `err` has the reason. If process 1 is an agent, as in a container, the one that is
// asked is that one, wherever it listens; otherwise the one at `options.web`. `own` is where this process's own /proc
// is.
int run_health_command(const Options& options, const HostRoot& own, std::ostream& out, std::ostream& err);

}  // namespace tallyman
