#include "collectors/kernel/stats/socket_stats.h"
#include "collectors/model/collector.h"

namespace tallyman {
namespace {

constexpr const char* kSource = "/proc/PID/net/snmp Tcp, netstat TcpExt";

constexpr MetricDefinition kMetrics[] = {
    {"container_network_advance_tcp_stats_total", MetricType::kGauge, "", Scale::kUnits,
     "The kernel's TCP counters and settings, under the kernel's names in lower case. A gauge, despite its name.",
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
    "advtcp", "all TCP counters of the kernel: about 140 series per namespace",
    false,    Scope::kWorkload,
    kMetrics, SourceKind::kSockets | SocketDetail::kAdvanced | SourceKind::kNetwork | CgroupStatsKind::kPids,
    false,    collect};

}  // namespace tallyman
