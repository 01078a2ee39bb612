// What is known about the sockets of one network namespace, or of one cgroup in the
// host's namespace. A field that the kernel does not report is empty, never 0.
#pragma once

#include "collectors/kernel/stats/count.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

// In the order of the kernel's numbers (include/net/tcp_states.h), which start at 1. A
// request socket (12) is a connection in SYN-RECV. The names are cAdvisor's.
inline constexpr std::array<std::string_view, 11> kTcpStates = {
    "established", "synsent",   "synrecv", "finwait1", "finwait2", "timewait",
    "close",       "closewait", "lastack", "listen",   "closing",
};
using TcpStateCounts = std::array<std::uint64_t, kTcpStates.size()>;

struct UdpSocketStats {
  std::uint64_t sockets = 0;
  std::uint64_t dropped = 0;                            // by the sockets open now: may fall
  std::uint64_t receive_bytes = 0, transmit_bytes = 0;  // in their queues
};

// Smoothed round-trip times of the connections that have one, in microseconds.
struct RoundTripStats {
  std::uint64_t median_usec = 0, p90_usec = 0, maximum_usec = 0;
};

// A counter with the kernel's name in lower case: "retranssegs".
struct NamedCount {
  std::string name;
  std::uint64_t value = 0;
};

struct SocketStats {
  // /proc/PID/net/sockstat and sockstat6. TIME-WAIT covers both families and is not included in tcp, tcp6.
  Count tcp, tcp6, udp, udp6, tcp_time_wait;
  // /proc/PID/net/snmp, since the namespace was created; both families together.
  Count tcp_active_opens, tcp_passive_opens, tcp_failed_opens, tcp_resets;
  Count tcp_segments_received, tcp_segments_sent, tcp_segments_retransmitted;
  // From sock_diag, only if requested.
  std::optional<TcpStateCounts> tcp_states, tcp6_states;
  std::optional<UdpSocketStats> udp_sockets, udp6_sockets;
  std::optional<RoundTripStats> round_trip;
  // All fields of Tcp in snmp and TcpExt in netstat, only if requested.
  std::vector<NamedCount> advanced;
};

}  // namespace tallyman
