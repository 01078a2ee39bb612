#include "collectors/model/collector.h"
#include "collectors/model/process_facts.h"

namespace tallyman {
namespace {

enum Index { kProcesses, kThreads, kCpu, kRss };

constexpr MetricDefinition definition(std::string_view name, MetricType type, std::string_view unit, Scale scale,
                                      std::string_view help, std::string_view source) {
  return {name, type, unit, scale, help, "executable", source, source};
}

constexpr MetricDefinition kMetrics[] = {
    definition("container_process_count", MetricType::kGauge, "", Scale::kUnits,
               "Processes that run this program. [other]: all but the 20 largest, by CPU time and memory.",
               "/proc/PID/exe"),
    definition("container_process_threads", MetricType::kGauge, "", Scale::kUnits,
               "Threads of the processes that run this program.", "/proc/PID/stat"),
    definition("container_process_cpu_seconds_total", MetricType::kCounter, "seconds", Scale::kNanoseconds,
               "CPU time consumed by processes that run this program, including ended ones.",
               "taskstats; without CAP_NET_ADMIN /proc/PID/stat"),
    definition("container_process_rss_bytes", MetricType::kGauge, "bytes", Scale::kUnits,
               "Resident memory of these processes; memory shared by two is counted twice.", "/proc/PID/stat"),
};

void collect(const Observation& observation, SeriesWriter& writer) {
  if (observation.processes == nullptr) {
    return;
  }
  for (const ExecutableStats& one : observation.processes->executables) {
    writer.put(kProcesses, {one.name}, one.processes);
    writer.put(kThreads, {one.name}, one.threads);
    writer.put(kCpu, {one.name}, one.cpu_nsec);
    writer.put(kRss, {one.name}, one.rss_bytes);
  }
}

}  // namespace

extern const Collector executables_collector{"executables", "processes of each workload by program",
                                             false,         Scope::kWorkload,
                                             kMetrics,      SourceKind::kProcesses,
                                             false,         collect};

}  // namespace tallyman
