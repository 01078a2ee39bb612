#include "collectors/kernel/network/socket_diag.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>

namespace tallyman {
namespace {

constexpr std::uint32_t kAllStates = 0xFFFFFFFF;
constexpr std::uint8_t kSynRecv = 3, kListen = 10, kRequest = 12;  // include/net/tcp_states.h
constexpr std::uint16_t kCgroupId = INET_DIAG_CGROUP_ID;
constexpr std::size_t kMaxCgroups = 100'000;
constexpr std::size_t kMaxRoundTrips = 100'000;

constexpr std::uint8_t extension(int attribute) { return static_cast<std::uint8_t>(1U << (attribute - 1)); }

std::string tcp_request(bool round_trips) {
  // The older request, without a family: one walk finds IPv4 and IPv6.
  inet_diag_req request{};
  request.idiag_family = AF_INET;
  request.idiag_states = kAllStates;
  request.idiag_ext = round_trips ? extension(INET_DIAG_INFO) : 0;
  std::string bytes;
  netlink::append(bytes, request);
  return bytes;
}

std::string udp_request(std::uint8_t family) {
  inet_diag_req_v2 request{};
  request.sdiag_family = family;
  request.sdiag_protocol = IPPROTO_UDP;
  request.idiag_ext = extension(INET_DIAG_SKMEMINFO);
  request.idiag_states = kAllStates;
  std::string bytes;
  netlink::append(bytes, request);
  return bytes;
}

std::uint32_t round_trip(std::string_view info) {
  constexpr std::size_t kAt = offsetof(tcp_info, tcpi_rtt);
  return info.size() < kAt ? 0 : netlink::as<std::uint32_t>(info.substr(kAt)).value_or(0);
}

std::uint32_t drops(std::string_view meminfo) {
  constexpr std::size_t kAt = SK_MEMINFO_DROPS * sizeof(std::uint32_t);
  return meminfo.size() < kAt ? 0 : netlink::as<std::uint32_t>(meminfo.substr(kAt)).value_or(0);
}

void count_udp(UdpSocketStats& stats, const DiagSocket& socket) {
  ++stats.sockets;
  stats.dropped += socket.dropped;
  stats.receive_bytes += socket.receive_bytes;
  stats.transmit_bytes += socket.transmit_bytes;
}

void add_up(UdpSocketStats& stats, const UdpSocketStats& other) {
  stats.sockets += other.sockets;
  stats.dropped += other.dropped;
  stats.receive_bytes += other.receive_bytes;
  stats.transmit_bytes += other.transmit_bytes;
}

void add_up(TcpStateCounts& counts, const TcpStateCounts& other) {
  for (std::size_t i = 0; i < counts.size(); ++i) {
    counts[i] += other[i];
  }
}

std::uint64_t in_use(const TcpStateCounts& counts) {
  constexpr std::size_t kTimeWait = 5;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    sum += i == kTimeWait ? 0 : counts[i];
  }
  return sum;
}

std::optional<RoundTripStats> summary(std::vector<std::uint32_t> times) {
  if (times.empty()) {
    return {};
  }
  std::sort(times.begin(), times.end());
  const auto at = [&](std::size_t percent) { return times[(times.size() - 1) * percent / 100]; };
  return RoundTripStats{at(50), at(90), times.back()};
}

Result<void> dump_tcp(netlink::Socket& socket, const SocketDumpRequest& request, SocketDump& out) {
  return socket.dump(TCPDIAG_GETSOCK, tcp_request(request.round_trips), [&](const netlink::Message& message) {
    const auto one = parse_diag_socket(message.payload);
    if (!one) {
      ++out.malformed;
      return;
    }
    out.all.add_tcp(*one);
    if (request.by_cgroup && one->cgroup_id != 0 && out.by_cgroup.size() < kMaxCgroups) {
      out.by_cgroup[one->cgroup_id].add_tcp(*one);
    }
  });
}

Result<void> dump_udp(netlink::Socket& socket, std::uint8_t family, const SocketDumpRequest& request, SocketDump& out) {
  return socket.dump(SOCK_DIAG_BY_FAMILY, udp_request(family), [&](const netlink::Message& message) {
    const auto one = parse_diag_socket(message.payload);
    if (!one) {
      ++out.malformed;
      return;
    }
    out.all.add_udp(*one);
    if (request.by_cgroup && one->cgroup_id != 0 && out.by_cgroup.size() < kMaxCgroups) {
      out.by_cgroup[one->cgroup_id].add_udp(*one);
    }
  });
}

}  // namespace

std::optional<DiagSocket> parse_diag_socket(std::string_view payload) {
  const auto head = netlink::as<inet_diag_msg>(payload);
  if (!head || (head->idiag_family != AF_INET && head->idiag_family != AF_INET6) || head->idiag_state == 0 ||
      head->idiag_state > kRequest) {
    return {};
  }
  DiagSocket socket;
  socket.family = head->idiag_family;
  socket.state = head->idiag_state;
  socket.receive_bytes = head->idiag_rqueue;
  socket.transmit_bytes = head->idiag_wqueue;
  netlink::AttributeReader attributes(payload.substr(sizeof(inet_diag_msg)));
  for (netlink::Attribute attribute; attributes.next(attribute);) {
    switch (attribute.type) {
      case kCgroupId:
        socket.cgroup_id = netlink::as<std::uint64_t>(attribute.value).value_or(0);
        break;
      case INET_DIAG_INFO:
        socket.round_trip_usec = head->idiag_state == kListen ? 0 : round_trip(attribute.value);
        break;
      case INET_DIAG_SKMEMINFO:
        socket.dropped = drops(attribute.value);
        break;
      default:
        break;
    }
  }
  if (attributes.malformed()) {
    return {};
  }
  return socket;
}

void SocketTally::add_tcp(const DiagSocket& socket) {
  const std::uint8_t state = socket.state == kRequest ? kSynRecv : socket.state;
  ++(socket.family == AF_INET6 ? tcp6_ : tcp_)[state - 1U];
  if (socket.round_trip_usec != 0 && round_trips_.size() < kMaxRoundTrips) {
    round_trips_.push_back(socket.round_trip_usec);
  }
}

void SocketTally::add_udp(const DiagSocket& socket) { count_udp(socket.family == AF_INET6 ? udp6_ : udp_, socket); }

void SocketTally::add(const SocketTally& other) {
  add_up(tcp_, other.tcp_);
  add_up(tcp6_, other.tcp6_);
  add_up(udp_, other.udp_);
  add_up(udp6_, other.udp6_);
  round_trips_.insert(round_trips_.end(), other.round_trips_.begin(), other.round_trips_.end());
}

void SocketTally::take_udp(const SocketTally& other) {
  udp_ = other.udp_;
  udp6_ = other.udp6_;
}

bool SocketTally::has_requests() const { return tcp_[kSynRecv - 1] + tcp6_[kSynRecv - 1] != 0; }

void SocketTally::fill(SocketStats& stats) const {
  stats.tcp_states = tcp_;
  stats.tcp6_states = tcp6_;
  stats.udp_sockets = udp_;
  stats.udp6_sockets = udp6_;
  stats.round_trip = summary(round_trips_);
}

void SocketTally::fill_sums(SocketStats& stats) const {
  stats.tcp = in_use(tcp_);
  stats.tcp6 = in_use(tcp6_);
  stats.udp = udp_.sockets;
  stats.udp6 = udp6_.sockets;
}

Result<SocketDump> dump_sockets(const SocketDumpRequest& request) {
  Result<netlink::Socket> socket = netlink::Socket::open(NETLINK_SOCK_DIAG);
  if (!socket) {
    return socket.error();
  }
  SocketDump out;
  if (request.tcp) {
    if (const auto done = dump_tcp(*socket, request, out); !done) {
      return done.error();
    }
  }
  for (const std::uint8_t family : {std::uint8_t{AF_INET}, std::uint8_t{AF_INET6}}) {
    if (!request.udp) {
      break;
    }
    const auto done = dump_udp(*socket, family, request, out);
    // ENOENT: no IPv6 (kernel or boot parameter), or the module udp_diag is not loaded.
    if (!done && !(family == AF_INET6 && done.error().kind == ErrorKind::kUnsupported)) {
      return done.error();
    }
  }
  return out;
}

}  // namespace tallyman
