#include "collectors/model/collector.h"

namespace tallyman {
namespace {

constexpr MetricDefinition kMetrics[] = {
    {"container_oom_events_total", MetricType::kCounter, "", Scale::kUnits,
     "Processes killed for want of memory, in the cgroup and all below it, whichever limit it was.", "",
     "memory.oom_control oom_kill, summed over the cgroups below", "memory.events oom_kill"},
};

void collect(const Observation& observation, SeriesWriter& writer) {
  writer.put(0, observation.stats.memory_events.oom_kill);
}

}  // namespace

extern const Collector oom_collector{
    "oom",  "processes killed for want of memory", true, Scope::kWorkload, kMetrics, StatsKind::kMemoryEvents, false,
    collect};

}  // namespace tallyman
