#include "collectors/kernel/stats/socket_stats.h"
#include "collectors/model/collector.h"

namespace tallyman {
namespace {

enum Index { kTcp, kTcp6, kRoundTrip };

constexpr MetricDefinition kMetrics[] = {
    {"container_network_tcp_usage_total", MetricType::kGauge, "", Scale::kUnits,
     "TCP sockets over IPv4, by state. A gauge, despite its name.", "tcp_state", "sock_diag", "sock_diag"},
    {"container_network_tcp6_usage_total", MetricType::kGauge, "", Scale::kUnits,
     "TCP sockets over IPv6, by state. A gauge, despite its name.", "tcp_state", "sock_diag", "sock_diag"},
    {"container_network_tcp_round_trip_seconds", MetricType::kGauge, "seconds", Scale::kMicroseconds,
     "Smoothed round-trip time of the current TCP connections.", "percentile", "sock_diag, tcp_info",
     "sock_diag, tcp_info"},
};

void put_states(SeriesWriter& writer, unsigned metric, const std::optional<TcpStateCounts>& counts) {
  if (!counts) {
    return;
  }
  for (std::size_t state = 0; state < kTcpStates.size(); ++state) {
    writer.put(metric, {kTcpStates[state]}, (*counts)[state]);
  }
}

void collect(const Observation& observation, SeriesWriter& writer) {
  if (observation.sockets == nullptr) {
    return;
  }
  const SocketStats& stats = *observation.sockets;
  put_states(writer, kTcp, stats.tcp_states);
  put_states(writer, kTcp6, stats.tcp6_states);
  if (stats.round_trip) {
    writer.put(kRoundTrip, {"50"}, stats.round_trip->median_usec);
    writer.put(kRoundTrip, {"90"}, stats.round_trip->p90_usec);
    writer.put(kRoundTrip, {"100"}, stats.round_trip->maximum_usec);
  }
}

}  // namespace

extern const Collector tcp_collector{
    "tcp",    "TCP sockets by state, and round-trip times",
    false,    Scope::kWorkload,
    kMetrics, SourceKind::kSockets | SocketDetail::kStates | SourceKind::kNetwork | CgroupStatsKind::kPids,
    false,    collect};

}  // namespace tallyman
