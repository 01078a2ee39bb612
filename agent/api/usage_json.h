// Usage as JSON: the answer of /api/v1/usage, and its reader for `tallyman ls`. Pure;
// thread-safe.
#pragma once

#include "agent/api/usage.h"
#include "collectors/kernel/system/error.h"

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

// What an agent's answer says beside the rows.
struct UsageAnswer {
  std::uint64_t sequence = 0;
  double time_seconds = 0;                 // of the sample, since the epoch
  double interval_seconds = 0;             // as configured
  std::optional<double> measured_seconds;  // between the two samples of the rates; empty: there is one so far
  std::string boot_id;                     // of the kernel that the agent reads; empty: unknown
  std::uint64_t unnamed_containers = 0;    // by reason of files that the agent did not find or may not read
  std::vector<UsageRow> rows;
};

std::string to_json(const UsageAnswer& answer);
Result<UsageAnswer> usage_from_json(std::string_view text);

// All figures under their names, unknown ones as null.
void set_all_figures(boost::json::object& object, const Usage& row);

}  // namespace tallyman
