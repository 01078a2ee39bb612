// The log. Only code of the agent logs, with spdlog::info() and so on. Lines go to
// standard error or to the systemd journal. If the log is full, closed or stalled,
// lines are dropped and counted; logging never blocks, fails or retries. SIGPIPE
// must be ignored.
#pragma once

#include "agent/config/options.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace tallyman {

// Call it before any other thread runs and before any file or socket is opened. A
// closed descriptor 0, 1 or 2 becomes /dev/null, so that no file that later gets this
// number receives log lines. Later calls, at any time, only change the level.
void set_up_logging(const Options::Log& options);

// "debug", "info", "warn" or "error". Thread-safe, at any time.
void set_log_level(std::string_view level);

// Lines lost since the start, for the self-metric.
std::uint64_t log_lines_dropped();

// Logs a warning at most once in 5 minutes for each cause, with the number of
// suppressed ones. The cause ("memory: denied") should name no container; by default
// it is the message itself.
void warn_limited(std::string_view cause, const std::string& message);
void warn_limited(const std::string& message);
// Logs how often suppressed causes were repeated. Each warn_limited() does so too.
// Call it about every minute, in case no further warning comes.
void log_suppressed_warnings();

}  // namespace tallyman
