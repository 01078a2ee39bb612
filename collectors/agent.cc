#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/stats/host_stats.h"
#include "collectors/model/collector.h"

namespace tallyman {
namespace {

enum Index { kContainerError, kMachineError, kVersion };

constexpr MetricDefinition kMetrics[] = {
    {"container_scrape_error", MetricType::kGauge, "", Scale::kUnits,
     "1 if the last sample could not read any container, else 0.", "", "-", "-"},
    {"machine_scrape_error", MetricType::kGauge, "", Scale::kUnits,
     "1 if the machine's facts could not be read, else 0.", "", "/proc/meminfo", "/proc/meminfo"},
    {"cadvisor_version_info", MetricType::kGauge, "", Scale::kUnits,
     "Always 1. For dashboards made for cAdvisor; tallyman_build_info describes this agent.",
     "kernelVersion,osVersion,cadvisorVersion", "/proc/sys/kernel/osrelease, /etc/os-release",
     "/proc/sys/kernel/osrelease, /etc/os-release"},
};

void collect(const Observation& observation, SeriesWriter& writer) {
  const HostStats& host = *observation.host;
  const CgroupStats& root = observation.stats;
  const bool nothing = !root.cpu.usage_nsec && !root.memory.anon && !root.cpu_pressure.some_usec;
  writer.put(kContainerError, Count(nothing ? 1 : 0));
  writer.put(kMachineError, Count(host.memory.total ? 0 : 1));
  writer.put(kVersion, {host.machine.kernel_version, host.machine.os_version, "tallyman"}, Count(1));
}

}  // namespace

extern const Collector agent_collector{
    "agent",  "metrics about the exporter itself that dashboards made for cAdvisor query",
    true,     Scope::kAgent,
    kMetrics, SourceKind::kHost | CgroupStatsKind::kCpu,
    false,    collect};

}  // namespace tallyman
