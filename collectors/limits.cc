#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/stats/host_stats.h"
#include "collectors/model/collector.h"

namespace tallyman {
namespace {

enum Index { kPeriod, kQuota, kShares, kMemory, kSwap, kReservation };

constexpr MetricDefinition kMetrics[] = {
    {"container_spec_cpu_period", MetricType::kGauge, "", Scale::kUnits, "Period of the CPU quota, in microseconds.",
     "", "cpu.cfs_period_us", "cpu.max, second field"},
    {"container_spec_cpu_quota", MetricType::kGauge, "", Scale::kUnits,
     "CPU time allowed in each period, in microseconds. Only if a quota is set.", "", "cpu.cfs_quota_us",
     "cpu.max, first field"},
    {"container_spec_cpu_shares", MetricType::kGauge, "", Scale::kUnits,
     "Relative CPU weight, on the scale of cgroup v1.", "", "cpu.shares",
     "cpu.weight w as 2 + (w - 1) * 262142 / 9999"},
    {"container_spec_memory_limit_bytes", MetricType::kGauge, "bytes", Scale::kUnits,
     "Memory limit; 0 for none. For the host: its installed memory.", "", "memory.limit_in_bytes", "memory.max"},
    {"container_spec_memory_swap_limit_bytes", MetricType::kGauge, "bytes", Scale::kUnits,
     "Limit on swap, without memory; 0 for none. For the host: its swap space.", "",
     "memory.memsw.limit_in_bytes - memory.limit_in_bytes", "memory.swap.max"},
    {"container_spec_memory_reservation_limit_bytes", MetricType::kGauge, "bytes", Scale::kUnits,
     "Memory protected from reclaim as far as possible; 0 for none.", "", "memory.soft_limit_in_bytes", "memory.low"},
};

Count zero_for_unlimited(Count limit) { return limit == kUnlimited ? Count(0) : limit; }

void collect(const Observation& observation, SeriesWriter& writer) {
  const LimitStats& limits = observation.stats.limits;
  writer.put(kPeriod, limits.cpu_period_usec);
  writer.put(kQuota, limits.cpu_quota_usec == kUnlimited ? Count() : limits.cpu_quota_usec);
  writer.put(kShares, limits.cpu_shares);
  if (observation.host) {
    writer.put(kMemory, observation.host->memory.total);
    writer.put(kSwap, observation.host->memory.swap_total);
  } else {
    writer.put(kMemory, zero_for_unlimited(limits.memory_max));
    writer.put(kSwap, zero_for_unlimited(limits.swap_max));
  }
  writer.put(kReservation, zero_for_unlimited(limits.memory_low));
}

}  // namespace

extern const Collector limits_collector{"limits", "CPU and memory limits (slow interval)",      true,  Scope::kWorkload,
                                        kMetrics, CgroupStatsKind::kLimits | SourceKind::kHost, false, collect};

}  // namespace tallyman
