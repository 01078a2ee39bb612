#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/model/collector.h"

namespace tallyman {
namespace {

enum Index { kThreads, kThreadsMax };

constexpr MetricDefinition kMetrics[] = {
    {"container_threads", MetricType::kGauge, "", Scale::kUnits, "Threads of the cgroup and its descendants.", "",
     "pids.current", "pids.current"},
    {"container_threads_max", MetricType::kGauge, "", Scale::kUnits, "Limit on threads; 0 for no limit.", "",
     "pids.max (slow interval)", "pids.max (slow interval)"},
};

void collect(const Observation& observation, SeriesWriter& writer) {
  const PidsStats& pids = observation.stats.pids;
  writer.put(kThreads, pids.current);
  writer.put(kThreadsMax, pids.max == kUnlimited ? Count(0) : pids.max);
}

}  // namespace

extern const Collector pids_collector{"pids",   "threads and their limit", true,  Scope::kWorkload,
                                      kMetrics, CgroupStatsKind::kPids,    false, collect};

}  // namespace tallyman
