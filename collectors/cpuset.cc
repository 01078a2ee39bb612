#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/model/collector.h"

namespace tallyman {
namespace {

enum Index { kMigrate, kEffectiveCpus };

constexpr MetricDefinition kMetrics[] = {
    {"container_memory_migrate", MetricType::kGauge, "", Scale::kUnits,
     "1 if pages are migrated when the cpuset's memory nodes change.", "", "cpuset.memory_migrate (slow interval)",
     "-"},
    {"container_cpuset_effective_cpus", MetricType::kGauge, "", Scale::kUnits,
     "CPUs that tasks may run on, including the limits of all cgroups above.", "",
     "cpuset.effective_cpus (slow interval)", "cpuset.cpus.effective (slow interval)"},
};

void collect(const Observation& observation, SeriesWriter& writer) {
  const CpusetStats& cpuset = observation.stats.cpuset;
  writer.put(kMigrate, cpuset.memory_migrate);
  writer.put(kEffectiveCpus, cpuset.effective_cpus);
}

}  // namespace

extern const Collector cpuset_collector{"cpuset", "CPUs that tasks may run on (slow interval)",
                                        true,     Scope::kWorkload,
                                        kMetrics, CgroupStatsKind::kCpuset,
                                        false,    collect};

}  // namespace tallyman
