#include "collectors/model/collector.h"
#include "collectors/model/process_facts.h"

#include <string>

namespace tallyman {
namespace {

constexpr MetricDefinition kMetrics[] = {
    {"container_namespace_info", MetricType::kGauge, "", Scale::kUnits,
     "Always 1. The namespace of each type that the workload's first process is in, and whether it is the host's, its "
     "own, or shared with other workloads, which the API lists.",
     "type,inode,sharing", "/proc/PID/ns (slow interval)", "/proc/PID/ns (slow interval)"},
};

void collect(const Observation& observation, SeriesWriter& writer) {
  if (observation.processes == nullptr) {
    return;
  }
  for (const NamespaceFact& fact : observation.processes->namespaces) {
    writer.put(0, {to_string(fact.type), std::to_string(fact.inode), to_string(fact.sharing)}, Count(1));
  }
}

}  // namespace

extern const Collector namespaces_collector{"namespaces", "which namespaces each workload has for itself, or shares",
                                            false,        Scope::kWorkload,
                                            kMetrics,     SourceKind::kProcesses,
                                            false,        collect};

}  // namespace tallyman
