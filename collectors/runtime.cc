#include "collectors/model/collector.h"

namespace tallyman {
namespace {

enum Index { kCpu, kRss, kProcesses };

constexpr MetricDefinition definition(std::string_view name, MetricType type, std::string_view unit, Scale scale,
                                      std::string_view help, std::string_view source) {
  return {name, type, unit, scale, help, "component", source, source};
}

constexpr MetricDefinition kMetrics[] = {
    definition(
        "container_runtime_cpu_seconds_total", MetricType::kCounter, "seconds", Scale::kNanoseconds,
        "CPU time of the runtime's own processes: for this container, outside of its cgroup; of the host, of the "
        "daemons, which serve all.",
        "taskstats; without CAP_NET_ADMIN /proc/PID/stat"),
    definition("container_runtime_memory_rss_bytes", MetricType::kGauge, "bytes", Scale::kUnits,
               "Their resident memory; what two share is counted twice.", "/proc/PID/statm"),
    definition("container_runtime_processes", MetricType::kGauge, "", Scale::kUnits, "How many they are.",
               "/proc/PID/exe, /proc/PID/cmdline"),
};

void collect(const Observation& observation, SeriesWriter& writer) {
  if (observation.processes == nullptr) {
    return;
  }
  for (const RuntimeComponentStats& one : observation.processes->runtime) {
    writer.put(kCpu, {one.component}, one.cpu_nsec);
    writer.put(kRss, {one.component}, one.rss_bytes);
    writer.put(kProcesses, {one.component}, one.processes);
  }
}

}  // namespace

extern const Collector runtime_collector{"runtime", "what container runtimes use themselves: shims, proxies, daemons",
                                         true,      Scope::kWorkload,
                                         kMetrics,  StatsKind::kProcesses,
                                         false,     collect};

}  // namespace tallyman
