#include "collectors/kernel/stats/socket_stats.h"
#include "collectors/model/collector.h"

namespace tallyman {
namespace {

enum Index { kSockets, kTimeWait, kOpened, kFailed, kReset, kReceived, kSent, kRetransmitted };

constexpr const char* kSockstat = "/proc/PID/net/sockstat, sockstat6; in the host's namespace sock_diag by cgroup";
constexpr const char* kSnmp = "/proc/PID/net/snmp Tcp";

constexpr MetricDefinition gauge(std::string_view name, std::string_view help, std::string_view labels) {
  return {name, MetricType::kGauge, "", Scale::kUnits, help, labels, kSockstat, kSockstat};
}
constexpr MetricDefinition counter(std::string_view name, std::string_view help, std::string_view labels = "") {
  return {name, MetricType::kCounter, "", Scale::kUnits, help, labels, kSnmp, kSnmp};
}

constexpr MetricDefinition kMetrics[] = {
    gauge("container_network_sockets", "Sockets in use, by protocol, without TCP sockets in TIME-WAIT.", "protocol"),
    gauge("container_network_tcp_time_wait_sockets", "TCP sockets in TIME-WAIT, IPv4 and IPv6.", ""),
    counter("container_network_tcp_opened_connections_total",
            "TCP connections opened, by direction: active (opened here) or passive (opened by the peer).", "direction"),
    counter("container_network_tcp_failed_connections_total", "TCP connections that were never established."),
    counter("container_network_tcp_reset_connections_total", "Established TCP connections that were reset."),
    counter("container_network_tcp_received_segments_total", "TCP segments received."),
    counter("container_network_tcp_sent_segments_total", "TCP segments sent, without retransmitted ones."),
    counter("container_network_tcp_retransmitted_segments_total", "TCP segments retransmitted."),
};

void collect(const Observation& observation, SeriesWriter& writer) {
  if (observation.sockets == nullptr) {
    return;
  }
  const SocketStats& stats = *observation.sockets;
  writer.put(kSockets, {"tcp"}, stats.tcp);
  writer.put(kSockets, {"tcp6"}, stats.tcp6);
  writer.put(kSockets, {"udp"}, stats.udp);
  writer.put(kSockets, {"udp6"}, stats.udp6);
  writer.put(kTimeWait, stats.tcp_time_wait);
  writer.put(kOpened, {"active"}, stats.tcp_active_opens);
  writer.put(kOpened, {"passive"}, stats.tcp_passive_opens);
  writer.put(kFailed, stats.tcp_failed_opens);
  writer.put(kReset, stats.tcp_resets);
  writer.put(kReceived, stats.tcp_segments_received);
  writer.put(kSent, stats.tcp_segments_sent);
  writer.put(kRetransmitted, stats.tcp_segments_retransmitted);
}

}  // namespace

extern const Collector sockets_collector{
    "sockets", "sockets in use and TCP segments, by network namespace or cgroup",    true,  Scope::kWorkload,
    kMetrics,  SourceKind::kSockets | SourceKind::kNetwork | CgroupStatsKind::kPids, false, collect};

}  // namespace tallyman
