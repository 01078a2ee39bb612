#include "collectors/model/collector.h"
#include "collectors/model/process_facts.h"

namespace tallyman {
namespace {

enum Index { kLoad, kUninterruptibleLoad, kTasks };

constexpr std::string_view kSource = "/proc/PID/stat, /proc/PID/task/TID/stat";

constexpr MetricDefinition kMetrics[] = {
    {"container_cpu_load_average_10s", MetricType::kGauge, "", Scale::kUnits,
     "Threads running or ready to run, smoothed over 10 s, times 1000.", "", kSource, kSource},
    {"container_cpu_load_d_average_10s", MetricType::kGauge, "", Scale::kUnits,
     "Threads in uninterruptible sleep, smoothed over 10 s, times 1000.", "", kSource, kSource},
    {"container_tasks_state", MetricType::kGauge, "", Scale::kUnits,
     "Threads by state: sleeping, running, stopped, uninterruptible. The kernel does not show which of the "
     "uninterruptible ones wait for I/O.",
     "state", kSource, kSource},
};

void collect(const Observation& observation, SeriesWriter& writer) {
  if (observation.processes == nullptr) {
    return;
  }
  const ProcessFacts& facts = *observation.processes;
  writer.put(kLoad, facts.load_milli);
  writer.put(kUninterruptibleLoad, facts.uninterruptible_load_milli);
  if (facts.tasks) {
    writer.put(kTasks, {"sleeping"}, facts.tasks->sleeping);
    writer.put(kTasks, {"running"}, facts.tasks->running);
    writer.put(kTasks, {"stopped"}, facts.tasks->stopped);
    writer.put(kTasks, {"uninterruptible"}, facts.tasks->uninterruptible);
  }
}

}  // namespace

extern const Collector cpuload_collector{
    "cpuload", "load averages and threads by state", false, Scope::kWorkload, kMetrics, SourceKind::kProcesses, false,
    collect};

}  // namespace tallyman
