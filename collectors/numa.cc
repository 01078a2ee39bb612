#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/model/collector.h"

#include <charconv>

namespace tallyman {
namespace {

constexpr MetricDefinition kMetrics[] = {
    {"container_memory_numa_pages", MetricType::kGauge, "", Scale::kUnits,
     "Pages on each memory node. scope=hierarchy: this cgroup and its descendants, the only scope on v2.",
     "type,scope,node", "memory.numa_stat (slow interval)",
     "memory.numa_stat, bytes over the page size (slow interval)"},
};

void collect(const Observation& observation, SeriesWriter& writer) {
  for (const NumaStats& row : observation.stats.numa) {
    char node[12];
    const char* end = std::to_chars(node, node + sizeof node, row.node).ptr;
    writer.put(0,
               {row.type, row.hierarchical ? "hierarchy" : "container",
                std::string_view(node, static_cast<std::size_t>(end - node))},
               row.pages);
  }
}

}  // namespace

extern const Collector numa_collector{"numa",   "memory by node (slow interval)", false, Scope::kWorkload,
                                      kMetrics, CgroupStatsKind::kNuma,           false, collect};

}  // namespace tallyman
