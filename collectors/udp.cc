#include "collectors/kernel/stats/socket_stats.h"
#include "collectors/model/collector.h"

namespace tallyman {
namespace {

enum Index { kUdp, kUdp6 };

constexpr MetricDefinition definition(std::string_view name, std::string_view help) {
  return {name, MetricType::kGauge, "", Scale::kUnits, help, "udp_state", "sock_diag", "sock_diag"};
}

constexpr MetricDefinition kMetrics[] = {
    definition("container_network_udp_usage_total",
               "UDP over IPv4: number of sockets (listen), datagrams dropped by the current sockets (dropped, can "
               "fall), bytes in their queues (rxqueued, txqueued). A gauge, despite its name."),
    definition("container_network_udp6_usage_total",
               "UDP over IPv6, as container_network_udp_usage_total. A gauge, despite its name."),
};

void put_all(SeriesWriter& writer, unsigned metric, const std::optional<UdpSocketStats>& stats) {
  if (!stats) {
    return;
  }
  writer.put(metric, {"listen"}, stats->sockets);
  writer.put(metric, {"dropped"}, stats->dropped);
  writer.put(metric, {"rxqueued"}, stats->receive_bytes);
  writer.put(metric, {"txqueued"}, stats->transmit_bytes);
}

void collect(const Observation& observation, SeriesWriter& writer) {
  if (observation.sockets != nullptr) {
    put_all(writer, kUdp, observation.sockets->udp_sockets);
    put_all(writer, kUdp6, observation.sockets->udp6_sockets);
  }
}

}  // namespace

extern const Collector udp_collector{
    "udp",    "UDP sockets, their queues and drops",
    false,    Scope::kWorkload,
    kMetrics, SourceKind::kSockets | SocketDetail::kStates | SourceKind::kNetwork | CgroupStatsKind::kPids,
    false,    collect};

}  // namespace tallyman
