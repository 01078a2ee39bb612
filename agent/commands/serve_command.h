// `tallyman serve`: the agent itself, until a signal ends it.
#pragma once

#include "agent/config/options.h"

#include <iosfwd>

namespace tallyman {

// --once: one exposition on `out`. Else serves until SIGTERM or SIGINT; SIGHUP
// reads the configuration again from the same command line. The exit code: 0,
// or 1 with the reason in the log.
int run_serve_command(const Options& options, int argc, const char* const* argv, std::ostream& out);

}  // namespace tallyman
