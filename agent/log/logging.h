// The log of the agent, which alone logs; its code calls spdlog::info() and so on.
// Lines go to standard error or to the systemd journal. A log that is full,
// closed or stalled costs its lines, never the agent: it neither blocks nor
// fails nor tries again, and counts what it dropped. SIGPIPE must be ignored.
#pragma once

#include "agent/config/options.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace tallyman {

// Before any other thread runs and before any file or socket is opened. A closed
// descriptor 0, 1 or 2 becomes /dev/null, lest log lines go to whatever gets that
// number later. Called again, at any time, it changes the level alone.
void set_up_logging(const Options& options);

// At any time, from any thread: "debug", "info", "warn" or "error".
void set_log_level(std::string_view level);

// Lines lost since the start, for the self-metric.
std::uint64_t dropped_log_lines();

// A warning at most once in 5 minutes for each cause, with the number of those
// that stayed unsaid. The cause ("memory: denied") should name no container; by
// default it is the message itself.
void warn_limited(std::string_view cause, const std::string& message);
void warn_limited(const std::string& message);
// Says how often causes came again that have fallen silent. Each warn_limited()
// does so too; call this every minute or so for when none comes any more.
void say_unsaid_warnings();

}  // namespace tallyman
