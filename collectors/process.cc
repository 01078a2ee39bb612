#include "collectors/model/collector.h"
#include "collectors/model/process_facts.h"
#include "collectors/model/workload.h"

namespace tallyman {
namespace {

enum Index { kProcesses, kFiles, kSockets, kUlimits, kPss };

constexpr MetricDefinition gauge(std::string_view name, std::string_view unit, std::string_view help,
                                 std::string_view labels, std::string_view source) {
  return {name, MetricType::kGauge, unit, Scale::kUnits, help, labels, source, source};
}

constexpr MetricDefinition kMetrics[] = {
    gauge("container_processes", "", "Processes of the cgroup and its descendants.", "", "/proc/PID/cgroup"),
    gauge("container_file_descriptors", "", "Files that the workload's processes have open.", "",
          "/proc/PID/fd (slow interval)"),
    gauge("container_sockets", "",
          "Open sockets of the workload's processes. No series if a process has more than 4096 open files.", "",
          "/proc/PID/fd (slow interval)"),
    gauge("container_ulimits_soft", "", "Limit of the workload's oldest process. No series if it is unlimited.",
          "ulimit", "/proc/PID/limits Max open files (slow interval)"),
    gauge("container_memory_pss_bytes", "bytes",
          "Resident memory, with shared pages divided among the processes that share them. Only for bare processes, "
          "with --processes.pss, and if every process of the group has less than 512 MiB resident.",
          "", "/proc/PID/smaps_rollup (once a minute)"),
};

void collect(const Observation& observation, SeriesWriter& writer) {
  if (observation.processes == nullptr) {
    return;
  }
  const ProcessFacts& facts = *observation.processes;
  writer.put(kProcesses, facts.processes);
  writer.put(kFiles, facts.open_files);
  writer.put(kSockets, facts.sockets);
  writer.put(kUlimits, {"max_open_files"}, facts.open_files_limit);  // kUnlimited is no series
  if (observation.workload.kind == WorkloadKind::kProcess) {
    writer.put(kPss, facts.pss_bytes);
  }
}

}  // namespace

extern const Collector process_collector{"process", "processes, open files, sockets, ulimits",
                                         true,      Scope::kWorkload,
                                         kMetrics,  SourceKind::kProcesses,
                                         false,     collect};

}  // namespace tallyman
