// sock_diag(7): the sockets of a network namespace, counted by state. For a dump the
// kernel walks the whole host's hash tables, however few sockets the namespace has: about
// 1.5 ms, three quarters of the time of reading /proc/PID/net/tcp and tcp6. Worth it only
// if something has changed.
#pragma once

#include "collectors/kernel/stats/socket_stats.h"
#include "collectors/kernel/system/error.h"
#include "collectors/kernel/system/netlink.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

namespace tallyman {

// One socket of an answer.
struct DiagSocket {
  std::uint8_t family = 0;  // AF_INET, AF_INET6
  std::uint8_t state = 0;   // 1 to 12
  std::uint32_t receive_bytes = 0, transmit_bytes = 0;
  std::uint64_t cgroup_id = 0;  // inode of its cgroup's directory in the v2 tree; 0: in TIME-WAIT, or an old kernel
  std::uint32_t dropped = 0;
  std::uint32_t round_trip_usec = 0;  // 0: not measured yet, or not requested
};
// Parses inet_diag_msg and its attributes; empty if it is not one. Pure: a fuzz target.
std::optional<DiagSocket> parse_diag_socket(std::string_view payload);

// The sockets of a set, counted.
class SocketTally {
 public:
  void add_tcp(const DiagSocket& socket);
  void add_udp(const DiagSocket& socket);
  void add(const SocketTally& other);
  // Forgets its own UDP sockets.
  void take_udp(const SocketTally& other);
  bool has_requests() const;  // connections in SYN-RECV

  // Sets what sock_diag reports; the sums from sockstat are left alone.
  void fill(SocketStats& stats) const;
  // Sets the sums for a cgroup, which has no sockstat. Without TIME-WAIT: the kernel no
  // longer knows the cgroup of such a socket.
  void fill_sums(SocketStats& stats) const;

 private:
  TcpStateCounts tcp_{}, tcp6_{};
  UdpSocketStats udp_, udp6_;
  std::vector<std::uint32_t> round_trips_;
};

struct SocketDump {
  SocketTally all;
  std::map<std::uint64_t, SocketTally> by_cgroup;  // id in the v2 tree; only if requested
  std::uint64_t malformed = 0;                     // messages
};

struct SocketDumpRequest {
  bool tcp = true, udp = true;
  bool by_cgroup = false;
  bool round_trips = false;  // 250 bytes more per socket
};

// In the network namespace of the calling thread. Needs no capability.
Result<SocketDump> dump_sockets(const SocketDumpRequest& request);

}  // namespace tallyman
