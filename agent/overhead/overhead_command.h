// `tallyman overhead run` and `tallyman overhead compare A B`: what a container
// costs on this machine.
#pragma once

#include "agent/config/options.h"

#include <iosfwd>

namespace tallyman {

// Exit codes: 0; 1 it could not be done; 2 a wrong word; 130 and 143 interrupted.
int run_overhead_command(const Options& options, std::ostream& out, std::ostream& err);

}  // namespace tallyman
