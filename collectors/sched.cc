#include "collectors/model/collector.h"
#include "collectors/model/process_facts.h"

namespace tallyman {
namespace {

enum Index { kRun, kRunqueue, kPeriods, kSwitches };

constexpr MetricDefinition counter(std::string_view name, std::string_view unit, Scale scale, std::string_view help,
                                   std::string_view labels = {}) {
  constexpr std::string_view kSource = "taskstats; without CAP_NET_ADMIN /proc/PID/task/TID/schedstat and status";
  return {name, MetricType::kCounter, unit, scale, help, labels, kSource, kSource};
}

constexpr MetricDefinition kMetrics[] = {
    counter("container_cpu_schedstat_run_seconds_total", "seconds", Scale::kNanoseconds,
            "Time that the workload's threads have spent on a CPU, including ended threads."),
    counter("container_cpu_schedstat_runqueue_seconds_total", "seconds", Scale::kNanoseconds,
            "Time that the workload's threads have waited for a CPU while ready to run."),
    counter("container_cpu_schedstat_run_periods_total", "", Scale::kUnits,
            "Number of times that the workload's threads were given a CPU."),
    counter("container_context_switches_total", "", Scale::kUnits,
            "Number of times that the workload's threads gave up the CPU (voluntary) or lost it (involuntary).",
            "type"),
};

void collect(const Observation& observation, SeriesWriter& writer) {
  if (observation.processes == nullptr) {
    return;
  }
  const ProcessFacts& facts = *observation.processes;
  writer.put(kRun, facts.run_nsec);
  writer.put(kRunqueue, facts.runqueue_nsec);
  writer.put(kPeriods, facts.timeslices);
  writer.put(kSwitches, {"voluntary"}, facts.voluntary_switches);
  writer.put(kSwitches, {"involuntary"}, facts.involuntary_switches);
}

}  // namespace

extern const Collector sched_collector{
    "sched", "run-queue delay and context switches", false, Scope::kWorkload, kMetrics, SourceKind::kProcesses, false,
    collect};

}  // namespace tallyman
