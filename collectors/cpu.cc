#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/stats/host_stats.h"
#include "collectors/model/collector.h"

#include <charconv>

namespace tallyman {
namespace {

enum Index { kUsage, kUser, kSystem, kPeriods, kThrottledPeriods, kThrottled, kBurstPeriods, kBurst };

constexpr MetricDefinition kMetrics[] = {
    {"container_cpu_usage_seconds_total", MetricType::kCounter, "seconds", Scale::kNanoseconds,
     "CPU time consumed. One series for each CPU, or one with cpu=\"total\": never both.", "cpu",
     "cpuacct.usage (with --collector.cpu.percpu: cpuacct.usage_percpu)", "cpu.stat usage_usec"},
    {"container_cpu_user_seconds_total", MetricType::kCounter, "seconds", Scale::kNanoseconds,
     "CPU time consumed in user mode.", "", "cpuacct.stat user (10 ms steps)", "cpu.stat user_usec"},
    {"container_cpu_system_seconds_total", MetricType::kCounter, "seconds", Scale::kNanoseconds,
     "CPU time consumed in the kernel.", "", "cpuacct.stat system (10 ms steps)", "cpu.stat system_usec"},
    {"container_cpu_cfs_periods_total", MetricType::kCounter, "", Scale::kUnits,
     "Elapsed enforcement periods of the CPU quota. Only if a quota is set.", "", "cpu.stat nr_periods",
     "cpu.stat nr_periods"},
    {"container_cpu_cfs_throttled_periods_total", MetricType::kCounter, "", Scale::kUnits,
     "Periods in which the quota was used up. Only if a quota is set.", "", "cpu.stat nr_throttled",
     "cpu.stat nr_throttled"},
    {"container_cpu_cfs_throttled_seconds_total", MetricType::kCounter, "seconds", Scale::kNanoseconds,
     "Time that run queues were throttled by the quota. Only if a quota is set.", "", "cpu.stat throttled_time",
     "cpu.stat throttled_usec"},
    {"container_cpu_cfs_burst_periods_total", MetricType::kCounter, "", Scale::kUnits,
     "Periods that used burst time beyond the quota. Only if a quota is set.", "", "cpu.stat nr_bursts",
     "cpu.stat nr_bursts"},
    {"container_cpu_cfs_burst_seconds_total", MetricType::kCounter, "seconds", Scale::kNanoseconds,
     "CPU time used beyond the quota by bursting. Only if a quota is set.", "", "cpu.stat burst_time",
     "cpu.stat burst_usec"},
};

// "cpu00", "cpu07", "cpu123": as cAdvisor spells them.
void put_per_cpu(const CpuStats& cpu, const HostStats* machine, SeriesWriter& writer) {
  for (std::size_t i = 0; i < cpu.usage_percpu_nsec.size(); ++i) {
    if (cpu.usage_percpu_nsec[i] == 0 && machine != nullptr && machine->machine.is_offline(i)) {
      continue;  // since Linux 4.7 the kernel lists each CPU that there could be
    }
    char name[24] = {'c', 'p', 'u', '0'};
    char* digits = i < 10 ? name + 4 : name + 3;
    const char* end = std::to_chars(digits, name + sizeof name, i).ptr;
    writer.put(kUsage, {std::string_view(name, static_cast<std::size_t>(end - name))}, cpu.usage_percpu_nsec[i]);
  }
}

void collect(const Observation& observation, SeriesWriter& writer) {
  const CpuStats& cpu = observation.stats.cpu;
  if (cpu.usage_percpu_nsec.empty()) {
    writer.put(kUsage, {"total"}, cpu.usage_nsec);
  } else {
    put_per_cpu(cpu, observation.machine, writer);
  }
  writer.put(kUser, cpu.user_nsec);
  writer.put(kSystem, cpu.system_nsec);
  writer.put(kPeriods, cpu.nr_periods);
  writer.put(kThrottledPeriods, cpu.nr_throttled);
  writer.put(kThrottled, cpu.throttled_nsec);
  writer.put(kBurstPeriods, cpu.nr_bursts);
  writer.put(kBurst, cpu.burst_nsec);
}

}  // namespace

extern const Collector cpu_collector{"cpu",    "CPU time and throttling",
                                     true,     Scope::kWorkload,
                                     kMetrics, CgroupStatsKind::kCpu | CgroupStatsKind::kLimits | SourceKind::kHost,
                                     false,    collect};

}  // namespace tallyman
