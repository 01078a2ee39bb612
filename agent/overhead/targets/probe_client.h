// The client of the probe's protocol (probe/probe.h).
#pragma once

#include "agent/overhead/model/failure.h"
#include "agent/overhead/targets/child.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tallyman::overhead {

struct ProbeAnswer {
  std::uint64_t operations = 0;
  double wall_ns = 0, cpu_ns = 0;   // of the measured time
  double spent_ns = 0;              // CPU time of the whole order
  std::optional<double> wait_ns{};  // without a CPU although ready to run, in the measured time
};

// One number from a line of JSON; the probe's "error" becomes a failure.
Result<double> field_of(const std::string& line, std::string_view name);
// The same if the answer may lack it.
std::optional<double> optional_field_of(const std::string& line, std::string_view name);
Result<ProbeAnswer> answer_of(const std::string& line);

// Sends an order and waits for the line of its answer.
Result<std::string> send_order(Child& probe, const std::string& order, std::chrono::milliseconds limit,
                               Interrupt& interrupt);

}  // namespace tallyman::overhead
