#include "collectors/model/collector.h"

namespace tallyman {
namespace {

constexpr const char* kSource = "/proc/PID/net/snmp Tcp, netstat TcpExt";

constexpr MetricDefinition kMetrics[] = {
    {"container_network_advance_tcp_stats_total", MetricType::kGauge, "", Scale::kUnits,
     "The kernel's counters and settings of TCP, by its own names in lower case; a gauge in spite of its name.",
     "tcp_state", kSource, kSource},
};

void collect(const Observation& observation, SeriesWriter& writer) {
  if (observation.sockets == nullptr) {
    return;
  }
  for (const NamedCount& field : observation.sockets->advanced) {
    writer.put(0, {field.name}, field.value);
  }
}

}  // namespace

extern const Collector advtcp_collector{
    "advtcp", "all of the kernel's TCP counters: some 140 series a namespace",
    false,    Scope::kWorkload,
    kMetrics, StatsKind::kSockets | StatsKind::kSocketAdvanced | StatsKind::kNetwork | StatsKind::kPids,
    false,    collect};

}  // namespace tallyman
