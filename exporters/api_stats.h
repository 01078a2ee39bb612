// Current values of a workload under short names, and the look-ups they take:
// what the API and `tallyman ls` show of each.
#pragma once

#include "exporters/api_json.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tallyman {

// A slot's number, exact, and what it counts.
struct StatValue {
  std::uint64_t number = 0;
  Scale scale = Scale::kUnits;
};
double seconds_of(const StatValue& value);  // or the plain number where it counts no time

struct NamedStat {
  std::string_view name;  // "cpu_usage_seconds", "memory_usage_bytes", ...
  StatValue value;
};

// A snapshot's blocks by workload. The snapshot, which may be null, outlives it.
class BlockIndex {
 public:
  explicit BlockIndex(const Snapshot* snapshot);
  // Living ones of this very cgroup (path and inode), in the snapshot's order.
  std::vector<const Block*> of(const Workload& workload) const;

 private:
  std::unordered_map<std::string_view, std::vector<const Block*>> by_id_;
};

// Summed over devices and interfaces. A value that the kernel does not give,
// and a limit that is not set, is not in it.
std::vector<NamedStat> current_stats(const Snapshot& snapshot, const std::vector<const Block*>& blocks,
                                     const MetricIndex& metrics);

// `a="x",b="\"y\""` -> pairs, escapes undone. For text made by append_escaped_label.
std::vector<std::pair<std::string, std::string>> parse_labels(std::string_view text);

}  // namespace tallyman
