#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/stats/cpu_shares.h"
#include "collectors/kernel/stats/host_stats.h"
#include "collectors/model/collector.h"
#include "collectors/model/workload.h"

#include <algorithm>

namespace tallyman {
namespace {

enum Index { kPeriod, kQuota, kShares, kMemory, kSwap, kReservation, kHigh, kMin };

constexpr MetricDefinition kMetrics[] = {
    {"container_spec_cpu_period", MetricType::kGauge, "", Scale::kUnits, "Period of the CPU quota, in microseconds.",
     "", "cpu.cfs_period_us", "cpu.max, second field"},
    {"container_spec_cpu_quota", MetricType::kGauge, "", Scale::kUnits,
     "CPU time allowed in each period, in microseconds. Only if a quota is set.", "", "cpu.cfs_quota_us",
     "cpu.max, first field"},
    {"container_spec_cpu_shares", MetricType::kGauge, "", Scale::kUnits,
     "Relative CPU weight, on the scale of cgroup v1: 1024 unless it was set.", "", "cpu.shares",
     "what the user set, from the runtime's files, if cpu.weight agrees with it; else the most shares s for which "
     "10^((log2(s)^2 + 125 log2(s)) / 612 - 7/34), rounded up, is cpu.weight"},
    {"container_spec_memory_limit_bytes", MetricType::kGauge, "bytes", Scale::kUnits,
     "Memory limit; 0 for none. For the host: its memory, or the limit of a guest's root cgroup.", "",
     "memory.limit_in_bytes", "memory.max"},
    {"container_spec_memory_swap_limit_bytes", MetricType::kGauge, "bytes", Scale::kUnits,
     "Limit on swap, without memory; 0 for no limit, and also where no swap is allowed. For the host: its swap space.",
     "", "memory.memsw.limit_in_bytes - memory.limit_in_bytes", "memory.swap.max"},
    {"container_spec_memory_reservation_limit_bytes", MetricType::kGauge, "bytes", Scale::kUnits,
     "Memory protected from reclaim as far as possible; 0 for none.", "", "memory.soft_limit_in_bytes", "memory.low"},
    {"container_spec_memory_high_bytes", MetricType::kGauge, "bytes", Scale::kUnits,
     "Memory above which the workload is slowed down and reclaimed. Only if it is set.", "", "-",
     "memory.high (slow interval)"},
    {"container_spec_memory_min_bytes", MetricType::kGauge, "bytes", Scale::kUnits,
     "Memory that is never reclaimed. Only if it is set.", "", "-", "memory.min (slow interval)"},
};

Count zero_for_unlimited(Count limit) { return limit == kUnlimited ? Count(0) : limit; }
Count none_for_unlimited(Count limit) { return limit == kUnlimited ? Count() : limit; }

// The smaller one: a guest sees all of the machine's memory in /proc, and its own limit at the root of its cgroups.
Count memory_of(const HostStats& host, const LimitStats& limits) {
  const Count& installed = host.memory.total;
  return installed && limits.memory_max ? Count(std::min(*installed, *limits.memory_max)) : installed;
}

void collect(const Observation& observation, SeriesWriter& writer) {
  const LimitStats& limits = observation.stats.limits;
  writer.put(kPeriod, limits.cpu_period_usec);
  writer.put(kQuota, limits.cpu_quota_usec == kUnlimited ? Count() : limits.cpu_quota_usec);
  writer.put(kShares, cpu_shares_of(limits, observation.workload.container.cpu_shares));
  if (observation.host) {
    writer.put(kMemory, memory_of(*observation.host, limits));
    writer.put(kSwap, observation.host->memory.swap_total);
  } else {
    // A limit that the machine cannot reach is none where usage is compared with it.
    const Count limit = zero_for_unlimited(limits.memory_max);
    const HostStats* const machine = observation.machine;
    writer.count_in_sums(machine == nullptr || limit <= machine->memory.total.value_or(kUnlimited));
    writer.put(kMemory, limit);
    writer.count_in_sums(true);
    writer.put(kSwap, zero_for_unlimited(limits.swap_max));
  }
  writer.put(kReservation, zero_for_unlimited(limits.memory_low));
  writer.put(kHigh, none_for_unlimited(limits.memory_high));
  writer.put(kMin, limits.memory_min == Count(0) ? Count() : limits.memory_min);
}

}  // namespace

extern const Collector limits_collector{"limits", "CPU and memory limits (slow interval)",      true,  Scope::kWorkload,
                                        kMetrics, CgroupStatsKind::kLimits | SourceKind::kHost, false, collect};

}  // namespace tallyman
