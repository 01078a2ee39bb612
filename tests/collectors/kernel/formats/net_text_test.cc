#include "collectors/kernel/formats/net_text.h"

#include "collectors/kernel/stats/socket_stats.h"

#include <gtest/gtest.h>

namespace tallyman::formats {
namespace {

constexpr const char* kSockstat =
    "sockets: used 292\n"
    "TCP: inuse 15 orphan 1 tw 7 alloc 22 mem 3\n"
    "UDP: inuse 4 mem 2\n"
    "UDPLITE: inuse 0\n"
    "RAW: inuse 0\n"
    "FRAG: inuse 0 memory 0\n";
constexpr const char* kSockstat6 =
    "TCP6: inuse 9\nUDP6: inuse 3\nUDPLITE6: inuse 0\nRAW6: inuse 1\nFRAG6: inuse 0 memory 0\n";

TEST(Sockstat, OfBothFamilies) {
  SocketStats stats;
  EXPECT_EQ(parse_sockstat(kSockstat, stats), 0U);
  EXPECT_EQ(parse_sockstat(kSockstat6, stats), 0U);
  EXPECT_EQ(stats.tcp, 15U);
  EXPECT_EQ(stats.tcp6, 9U);
  EXPECT_EQ(stats.udp, 4U);
  EXPECT_EQ(stats.udp6, 3U);
  EXPECT_EQ(stats.tcp_time_wait, 7U);
}

TEST(Sockstat, RowThatIsNotUnderstoodChangesNothing) {
  for (const char* text : {"TCP: inuse x\n", "TCP: inuse\n", "TCP: inuse 1 tw -3\n", "TCP inuse 1\n", ": inuse 1\n",
                           "TCP: orphan 1\n", "TCP: inuse 18446744073709551616\n"}) {
    SocketStats stats;
    EXPECT_EQ(parse_sockstat(text, stats), 1U) << text;
    EXPECT_FALSE(stats.tcp) << text;
  }
  SocketStats torn;
  EXPECT_EQ(parse_sockstat("TCP: inuse 1 orphan 0 tw 1", torn), 1U);
  EXPECT_FALSE(torn.tcp) << "it might continue: tw 17";
}

constexpr const char* kSnmp =
    "Ip: Forwarding DefaultTTL\n"
    "Ip: 1 64\n"
    "Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens RetransSegs\n"
    "Tcp: 1 200 120000 -1 317 12\n"
    "TcpExt: SyncookiesSent ListenDrops\n"
    "TcpExt: 3 5\n";

std::map<std::string, std::uint64_t> fields(const char* text, const char* protocol, unsigned faults = 0) {
  std::vector<NamedCount> out = {{"left over from before", 1}};
  EXPECT_EQ(parse_snmp(text, protocol, out), faults);
  std::map<std::string, std::uint64_t> result;
  for (const NamedCount& one : out) {
    EXPECT_TRUE(result.emplace(one.name, one.value).second) << one.name;
  }
  return result;
}

TEST(Snmp, FieldsOfOneProtocolAlone) {
  EXPECT_EQ(fields(kSnmp, "Tcp"),
            (std::map<std::string, std::uint64_t>{
                {"rtoalgorithm", 1}, {"rtomin", 200}, {"rtomax", 120'000}, {"activeopens", 317}, {"retranssegs", 12}}))
      << "MaxConn is -1 where there is no limit";
  EXPECT_EQ(fields(kSnmp, "TcpExt"), (std::map<std::string, std::uint64_t>{{"syncookiessent", 3}, {"listendrops", 5}}));
  EXPECT_TRUE(fields(kSnmp, "Udp").empty());
}

TEST(Snmp, NamesAndFiguresThatDoNotMatchAreAFault) {
  EXPECT_TRUE(fields("Tcp: A B\nTcp: 1\n", "Tcp", 1).empty());
  EXPECT_TRUE(fields("Tcp: A\nTcp: 1 2\n", "Tcp", 1).empty());
  EXPECT_TRUE(fields("Tcp: A\nTcp: x\n", "Tcp", 1).empty());
  EXPECT_TRUE(fields("Tcp: A\nTcp: -\n", "Tcp", 1).empty());
  EXPECT_TRUE(fields("Tcp: A\nUdp: 1\n", "Tcp", 1).empty());
  EXPECT_TRUE(fields("Tcp: A\n", "Tcp", 1).empty());
  EXPECT_TRUE(fields("Tcp: A\nTcp: 1", "Tcp", 2).empty()) << "torn: 1 may be 17; the names are left alone";
}

TEST(Snmp, HasABoundOnFields) {
  std::string names = "Tcp:", figures = "Tcp:";
  for (int i = 0; i < 5'000; ++i) {
    names += " F" + std::to_string(i);
    figures += " 1";
  }
  EXPECT_TRUE(fields((names + "\n" + figures + "\n").c_str(), "Tcp", 1).empty());
}

}  // namespace
}  // namespace tallyman::formats
