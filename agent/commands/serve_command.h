// `tallyman serve`: the agent itself, until a signal ends it.
#pragma once

#include "agent/config/options.h"

#include <iosfwd>

namespace tallyman {

// With --once prints one exposition to `out`. Otherwise serves until SIGTERM or
// SIGINT; on SIGHUP it reads the configuration again, with the same command line.
// Returns the exit code: 0, or 1 with the reason in the log.
int run_serve_command(const Options& options, int argc, const char* const* argv, std::ostream& out);

}  // namespace tallyman
