#include "collectors/model/collector.h"
#include "collectors/model/process_facts.h"

namespace tallyman {
namespace {

enum Index { kCpu, kRss, kProcesses };

constexpr MetricDefinition definition(std::string_view name, MetricType type, std::string_view unit, Scale scale,
                                      std::string_view help, std::string_view source) {
  return {name, type, unit, scale, help, "component", source, source};
}

constexpr MetricDefinition kMetrics[] = {
    definition("container_runtime_cpu_seconds_total", MetricType::kCounter, "seconds", Scale::kNanoseconds,
               "CPU time of the runtime's own processes. For a container: those that serve it outside of its cgroup. "
               "For the host: the daemons, which serve all containers.",
               "taskstats; without CAP_NET_ADMIN /proc/PID/stat"),
    definition("container_runtime_memory_rss_bytes", MetricType::kGauge, "bytes", Scale::kUnits,
               "Resident memory of these processes; memory shared by two is counted twice.", "/proc/PID/statm"),
    definition("container_runtime_processes", MetricType::kGauge, "", Scale::kUnits,
               "Number of the runtime's own processes.", "/proc/PID/exe, /proc/PID/cmdline"),
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

extern const Collector runtime_collector{
    "runtime", "usage of the container runtimes themselves: shims, proxies, daemons",
    true,      Scope::kWorkload,
    kMetrics,  SourceKind::kProcesses,
    false,     collect};

}  // namespace tallyman
