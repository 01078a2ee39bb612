#include "collectors/model/collector.h"
#include "collectors/model/process_facts.h"

namespace tallyman {
namespace {

enum Index { kTasks };

constexpr std::string_view kSource = "/proc/PID/stat, /proc/PID/task/TID/stat (slow interval)";

constexpr MetricDefinition kMetrics[] = {
    {"container_tasks_state", MetricType::kGauge, "", Scale::kUnits,
     "Threads by state: sleeping, running, stopped, uninterruptible. The kernel does not show which of the "
     "uninterruptible ones wait for I/O. Of containers; with cpuload of all, and at each scan.",
     "state", kSource, kSource},
};

void collect(const Observation& observation, SeriesWriter& writer) {
  if (observation.processes == nullptr || !observation.processes->tasks) {
    return;
  }
  const TaskStates& tasks = *observation.processes->tasks;
  writer.put(kTasks, {"sleeping"}, tasks.sleeping);
  writer.put(kTasks, {"running"}, tasks.running);
  writer.put(kTasks, {"stopped"}, tasks.stopped);
  writer.put(kTasks, {"uninterruptible"}, tasks.uninterruptible);
}

}  // namespace

extern const Collector tasks_collector{"tasks",  "threads by state",     true,  Scope::kWorkload,
                                       kMetrics, SourceKind::kProcesses, false, collect};

}  // namespace tallyman
