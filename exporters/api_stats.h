// Current values of a workload under short names, as the API and `tallyman ls` show
// them, and the index to find them.
#pragma once

#include "exporters/api_json.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tallyman {

// The exact number in a slot, and its unit.
struct StatValue {
  std::uint64_t number = 0;
  Scale scale = Scale::kUnits;
};
double seconds_of(const StatValue& value);  // or the plain number if its unit is not time

struct NamedStat {
  std::string_view name;  // "cpu_usage_seconds", "memory_usage_bytes", ...
  StatValue value;
};

// A snapshot's blocks by workload. The snapshot, which may be null, outlives it.
class BlockIndex {
 public:
  explicit BlockIndex(const Snapshot* snapshot);
  // Blocks of running workloads with this cgroup (path and inode), in the snapshot's order.
  std::vector<const Block*> of(const Workload& workload) const;

 private:
  std::unordered_map<std::string_view, std::vector<const Block*>> by_id_;
};

// Sums over devices and interfaces. Values that the kernel does not report and
// limits that are not set are left out.
std::vector<NamedStat> current_stats(const Snapshot& snapshot, const std::vector<const Block*>& blocks,
                                     const MetricIndex& metrics);

// `a="x",b="\"y\""` -> pairs, unescaped. For text made by append_escaped_label.
std::vector<std::pair<std::string, std::string>> parse_labels(std::string_view text);

}  // namespace tallyman
