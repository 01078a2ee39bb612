#include "collectors/model/collector.h"
#include "collectors/model/process_facts.h"

namespace tallyman {
namespace {

enum Index { kLoad, kUninterruptibleLoad };

constexpr std::string_view kSource = "/proc/PID/stat, /proc/PID/task/TID/stat";

constexpr MetricDefinition kMetrics[] = {
    {"container_cpu_load_average_10s", MetricType::kGauge, "", Scale::kUnits,
     "Threads running or ready to run, smoothed over 10 s, times 1000.", "", kSource, kSource},
    {"container_cpu_load_d_average_10s", MetricType::kGauge, "", Scale::kUnits,
     "Threads in uninterruptible sleep, smoothed over 10 s, times 1000.", "", kSource, kSource},
};

void collect(const Observation& observation, SeriesWriter& writer) {
  if (observation.processes == nullptr) {
    return;
  }
  const ProcessFacts& facts = *observation.processes;
  writer.put(kLoad, facts.load_milli);
  writer.put(kUninterruptibleLoad, facts.uninterruptible_load_milli);
}

}  // namespace

extern const Collector cpuload_collector{"cpuload", "load averages",        false, Scope::kWorkload,
                                         kMetrics,  SourceKind::kProcesses, false, collect};

}  // namespace tallyman
