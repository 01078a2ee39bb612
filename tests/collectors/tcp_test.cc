#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/stats/socket_stats.h"
#include "tests/support/observe.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

TEST(TcpCollector, GivesAllStatesOfBothFamilies) {
  SocketStats stats;
  stats.tcp_states = TcpStateCounts{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  stats.tcp6_states = TcpStateCounts{};
  stats.round_trip = RoundTripStats{100, 200, 300};
  ObservationContext context;
  context.sockets = &stats;
  SeriesValues expected = {{"container_network_tcp_round_trip_seconds{percentile=\"50\"}", 100},
                           {"container_network_tcp_round_trip_seconds{percentile=\"90\"}", 200},
                           {"container_network_tcp_round_trip_seconds{percentile=\"100\"}", 300}};
  std::uint64_t count = 0;
  for (const char* state : {"established", "synsent", "synrecv", "finwait1", "finwait2", "timewait", "close",
                            "closewait", "lastack", "listen", "closing"}) {
    expected[std::string("container_network_tcp_usage_total{tcp_state=\"") + state + "\"}"] = ++count;
    expected[std::string("container_network_tcp6_usage_total{tcp_state=\"") + state + "\"}"] = 0;
  }
  EXPECT_EQ(observe("tcp", {}, context), expected);
}

TEST(TcpCollector, HasNoSeriesWithoutSockDiag) {
  EXPECT_TRUE(observe("tcp", {}).empty());
  SocketStats sums_alone;
  sums_alone.tcp = 4;
  ObservationContext context;
  context.sockets = &sums_alone;
  EXPECT_TRUE(observe("tcp", {}, context).empty());
}

}  // namespace
}  // namespace tallyman
