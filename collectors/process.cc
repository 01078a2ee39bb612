#include "collectors/model/collector.h"

namespace tallyman {
namespace {

enum Index { kProcesses, kFiles, kSockets, kUlimits, kPss };

constexpr MetricDefinition gauge(std::string_view name, std::string_view unit, std::string_view help,
                                 std::string_view labels, std::string_view source) {
  return {name, MetricType::kGauge, unit, Scale::kUnits, help, labels, source, source};
}

constexpr MetricDefinition kMetrics[] = {
    gauge("container_processes", "", "Processes, of the cgroup and all below it.", "", "/proc/PID/cgroup"),
    gauge("container_file_descriptors", "", "Files that its processes have open.", "", "/proc/PID/fd (slow cadence)"),
    gauge("container_sockets", "", "Sockets among them. Not where a process has more than 4096 files.", "",
          "/proc/PID/fd (slow cadence)"),
    gauge("container_ulimits_soft", "", "Limit of its oldest process; not where there is none.", "ulimit",
          "/proc/PID/limits Max open files (slow cadence)"),
    gauge("container_memory_pss_bytes", "bytes",
          "Resident memory, what is shared divided among those that share it. Only of bare processes, with "
          "--processes.pss, and only where all of a group have less than 512 MiB resident.",
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
                                         kMetrics,  StatsKind::kProcesses,
                                         false,     collect};

}  // namespace tallyman
