#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/model/collector.h"

namespace tallyman {
namespace {

constexpr MetricDefinition kMetrics[] = {
    {"container_oom_events_total", MetricType::kCounter, "", Scale::kUnits,
     "Processes killed by the OOM killer in this cgroup and its descendants, whatever limit was hit.", "",
     "memory.oom_control oom_kill, summed over the descendants", "memory.events oom_kill"},
};

void collect(const Observation& observation, SeriesWriter& writer) {
  writer.put(0, observation.stats.memory_events.oom_kill);
}

}  // namespace

extern const Collector oom_collector{"oom",    "processes killed by the OOM killer", true,  Scope::kWorkload,
                                     kMetrics, CgroupStatsKind::kMemoryEvents,       false, collect};

}  // namespace tallyman
