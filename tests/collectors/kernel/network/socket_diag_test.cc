#include "collectors/kernel/network/socket_diag.h"

#include <gtest/gtest.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/tcp.h>
#include <sys/socket.h>

namespace tallyman {
namespace {

std::string attribute(std::uint16_t type, std::string_view value) {
  nlattr header{};
  header.nla_len = static_cast<std::uint16_t>(sizeof header + value.size());
  header.nla_type = type;
  std::string bytes;
  netlink::append(bytes, header);
  bytes += value;
  bytes.resize((bytes.size() + 3) / 4 * 4);
  return bytes;
}

template <class T>
std::string bytes_of(const T& value) {
  std::string bytes;
  netlink::append(bytes, value);
  return bytes;
}

std::string answer(std::uint8_t family, std::uint8_t state, std::string_view attributes = {}) {
  inet_diag_msg head{};
  head.idiag_family = family;
  head.idiag_state = state;
  head.idiag_rqueue = 11;
  head.idiag_wqueue = 22;
  return bytes_of(head).append(attributes);
}

TEST(DiagSocket, HasWhatTheAttributesSay) {
  tcp_info info{};
  info.tcpi_rtt = 1'234;
  const std::uint32_t memory[] = {0, 1, 2, 3, 4, 5, 6, 7, 99};
  const auto socket = parse_diag_socket(
      answer(AF_INET6, 1,
             attribute(INET_DIAG_INFO, bytes_of(info)) +
                 attribute(INET_DIAG_CGROUP_ID, bytes_of(std::uint64_t{0x1234567890})) +
                 attribute(INET_DIAG_SKMEMINFO, bytes_of(memory)) + attribute(200, "unknown to this program")));
  ASSERT_TRUE(socket);
  EXPECT_EQ(socket->family, AF_INET6);
  EXPECT_EQ(socket->state, 1);
  EXPECT_EQ(socket->receive_bytes, 11U);
  EXPECT_EQ(socket->transmit_bytes, 22U);
  EXPECT_EQ(socket->round_trip_usec, 1'234U);
  EXPECT_EQ(socket->cgroup_id, 0x1234567890U);
  EXPECT_EQ(socket->dropped, 99U);
}

TEST(DiagSocket, OfAnOlderKernelHasLess) {
  const auto socket = parse_diag_socket(answer(AF_INET, 10, attribute(INET_DIAG_INFO, std::string(40, '\xff'))));
  ASSERT_TRUE(socket);
  EXPECT_EQ(socket->round_trip_usec, 0U) << "its tcp_info ends before";
  EXPECT_EQ(socket->cgroup_id, 0U);
}

TEST(DiagSocket, ThatIsNoneIsRefused) {
  EXPECT_FALSE(parse_diag_socket(""));
  EXPECT_FALSE(parse_diag_socket(answer(AF_INET, 1).substr(0, 71)));
  EXPECT_FALSE(parse_diag_socket(answer(AF_UNIX, 1)));
  EXPECT_FALSE(parse_diag_socket(answer(AF_INET, 0)));
  EXPECT_FALSE(parse_diag_socket(answer(AF_INET, 13)));
  EXPECT_FALSE(parse_diag_socket(answer(AF_INET, 255)));
  EXPECT_FALSE(parse_diag_socket(answer(AF_INET, 1, std::string("\xff\xff\x05\0", 4))))
      << "an attribute of 65535 bytes";
}

TEST(SocketTally, CountsByFamilyAndState) {
  SocketTally tally;
  const auto add = [&](std::uint8_t family, std::uint8_t state, std::uint32_t round_trip) {
    tally.add_tcp({family, state, 0, 0, 0, 0, round_trip});
  };
  add(AF_INET, 1, 100);
  add(AF_INET, 1, 300);
  add(AF_INET, 12, 0);
  add(AF_INET6, 1, 200);
  add(AF_INET6, 11, 0);
  EXPECT_TRUE(tally.has_requests());
  tally.add_udp({AF_INET, 7, 5, 6, 0, 7, 0});
  tally.add_udp({AF_INET, 1, 50, 60, 0, 70, 0});
  tally.add_udp({AF_INET6, 7, 1, 2, 0, 3, 0});
  SocketStats stats;
  tally.fill(stats);
  EXPECT_EQ(*stats.tcp_states, (TcpStateCounts{2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(*stats.tcp6_states, (TcpStateCounts{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}));
  EXPECT_EQ(stats.udp_sockets->sockets, 2U);
  EXPECT_EQ(stats.udp_sockets->receive_bytes, 55U);
  EXPECT_EQ(stats.udp_sockets->transmit_bytes, 66U);
  EXPECT_EQ(stats.udp_sockets->dropped, 77U);
  EXPECT_EQ(stats.udp6_sockets->sockets, 1U);
  EXPECT_EQ(stats.round_trip->median_usec, 200U);
  EXPECT_EQ(stats.round_trip->maximum_usec, 300U);
  EXPECT_FALSE(stats.tcp) << "sockstat's";
  tally.fill_sums(stats);
  EXPECT_EQ(stats.tcp, 3U);
  EXPECT_EQ(stats.tcp6, 2U);
  EXPECT_EQ(stats.udp, 2U);
  EXPECT_EQ(stats.udp6, 1U);

  SocketTally twice = tally;
  twice.add(tally);
  twice.fill_sums(stats);
  EXPECT_EQ(stats.tcp, 6U);
  twice.take_udp({});
  twice.fill_sums(stats);
  EXPECT_EQ(stats.udp, 0U);
  EXPECT_EQ(stats.tcp, 6U);
}

}  // namespace
}  // namespace tallyman
