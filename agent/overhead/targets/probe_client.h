// The other end of the probe's protocol (probe/probe.h).
#pragma once

#include "agent/overhead/model/failure.h"
#include "agent/overhead/targets/child.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace tallyman::overhead {

struct ProbeAnswer {
  std::uint64_t operations = 0;
  double wall_ns = 0, cpu_ns = 0;  // of the measured stretch
  double spent_ns = 0;             // CPU time of the whole order
};

// One number of a line of JSON; the probe's own "error" is failure.
Result<double> field_of(const std::string& line, std::string_view name);
Result<ProbeAnswer> answer_of(const std::string& line);

// Says an order and waits for its line.
Result<std::string> ask(Child& probe, const std::string& order, std::chrono::milliseconds limit, Interrupt& interrupt);

}  // namespace tallyman::overhead
