#include "exporters/api_stats.h"

namespace tallyman {
namespace {

struct StatSource {
  std::string_view name, metric;
  bool zero_is_unset = false;
};

constexpr StatSource kSources[] = {
    {"cpu_usage_seconds", "container_cpu_usage_seconds_total"},
    {"cpu_user_seconds", "container_cpu_user_seconds_total"},
    {"cpu_system_seconds", "container_cpu_system_seconds_total"},
    {"cpu_throttled_seconds", "container_cpu_cfs_throttled_seconds_total"},
    {"memory_usage_bytes", "container_memory_usage_bytes"},
    {"memory_working_set_bytes", "container_memory_working_set_bytes"},
    {"memory_rss_bytes", "container_memory_rss"},
    {"memory_cache_bytes", "container_memory_cache"},
    {"memory_swap_bytes", "container_memory_swap"},
    {"memory_max_usage_bytes", "container_memory_max_usage_bytes"},
    {"memory_limit_bytes", "container_spec_memory_limit_bytes", true},
    {"network_receive_bytes", "container_network_receive_bytes_total"},
    {"network_transmit_bytes", "container_network_transmit_bytes_total"},
    {"fs_reads_bytes", "container_fs_reads_bytes_total"},
    {"fs_writes_bytes", "container_fs_writes_bytes_total"},
    {"runtime_cpu_seconds", "container_runtime_cpu_seconds_total"},
    {"runtime_memory_rss_bytes", "container_runtime_memory_rss_bytes"},
    {"memory_kernel_bytes", "container_memory_kernel_usage"},
    {"layer_bytes", "container_fs_layer_bytes"},
    {"memory_high_bytes", "container_spec_memory_high_bytes"},
    {"memory_low_bytes", "container_spec_memory_reservation_limit_bytes", true},
    {"memory_min_bytes", "container_spec_memory_min_bytes"},
    {"paused", "container_paused", true},
    {"threads", "container_threads"},
    {"threads_max", "container_threads_max", true},
    {"oom_events", "container_oom_events_total"},
    {"cpu_waiting_seconds", "container_pressure_cpu_waiting_seconds_total"},
    {"memory_waiting_seconds", "container_pressure_memory_waiting_seconds_total"},
    {"io_waiting_seconds", "container_pressure_io_waiting_seconds_total"},
};

char unescaped(char c) { return c == 'n' ? '\n' : c; }

}  // namespace

double seconds_of(const StatValue& value) {
  const auto number = static_cast<double>(value.number);
  switch (value.scale) {
    case Scale::kMilliseconds:
      return number / 1e3;
    case Scale::kMicroseconds:
      return number / 1e6;
    case Scale::kNanoseconds:
      return number / 1e9;
    case Scale::kUnits:
      break;
  }
  return number;
}

BlockIndex::BlockIndex(const Snapshot* snapshot) {
  if (snapshot == nullptr) return;
  for (const Block& block : snapshot->layout->blocks) {
    if (!block.ended) by_id_[block.workload->id].push_back(&block);
  }
}

std::vector<const Block*> BlockIndex::of(const Workload& workload) const {
  std::vector<const Block*> blocks;
  const auto found = by_id_.find(workload.id);
  if (found == by_id_.end()) return blocks;
  for (const Block* block : found->second) {
    if (block->workload->inode == workload.inode) blocks.push_back(block);
  }
  return blocks;
}

std::vector<NamedStat> current_stats(const Snapshot& snapshot, const std::vector<const Block*>& blocks,
                                     const MetricIndex& metrics) {
  std::vector<NamedStat> stats;
  for (const StatSource& source : kSources) {
    const std::optional<MetricId> id = metrics.find(source.metric);
    if (!id) continue;
    for (const Block* block : blocks) {
      const std::optional<std::uint64_t> sum = sum_of(snapshot, *block, *id);
      if (!sum || (*sum == 0 && source.zero_is_unset)) continue;
      stats.push_back({source.name, {*sum, metrics.definition(*id).scale}});
      break;
    }
  }
  return stats;
}

std::vector<std::pair<std::string, std::string>> parse_labels(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> labels;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t equals = text.find("=\"", at);
    if (equals == std::string_view::npos) break;
    auto& [name, value] = labels.emplace_back(std::string(text.substr(at, equals - at)), std::string());
    for (at = equals + 2; at < text.size() && text[at] != '"'; ++at) {
      if (text[at] == '\\' && at + 1 < text.size()) {
        value += unescaped(text[++at]);
      } else {
        value += text[at];
      }
    }
    at += 2;  // the quote and the comma
  }
  return labels;
}

}  // namespace tallyman
