// `tallyman overhead run` and `tallyman overhead compare A B`: measure what a container
// costs on this machine.
#pragma once

#include "agent/config/options.h"

#include <iosfwd>

namespace tallyman {

// Exit codes: 0 success; 1 failure; 2 wrong arguments; 130 and 143 interrupted.
int run_overhead_command(const Options::Overhead& options, bool json, std::ostream& out, std::ostream& err);

}  // namespace tallyman
