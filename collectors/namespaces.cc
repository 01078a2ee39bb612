#include "collectors/model/collector.h"

#include <string>

namespace tallyman {
namespace {

constexpr MetricDefinition kMetrics[] = {
    {"container_namespace_info", MetricType::kGauge, "", Scale::kUnits,
     "Always 1. In which namespace of each type its first process is, and whether that is the host's, its own alone, "
     "or shared with other workloads; the API tells with which.",
     "type,inode,sharing", "/proc/PID/ns (slow cadence)", "/proc/PID/ns (slow cadence)"},
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

extern const Collector namespaces_collector{"namespaces", "which namespaces each workload has of its own",
                                            false,        Scope::kWorkload,
                                            kMetrics,     StatsKind::kProcesses,
                                            false,        collect};

}  // namespace tallyman
