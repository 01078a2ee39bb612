#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/stats/socket_stats.h"
#include "tests/support/observe.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

TEST(SocketsCollector, GivesWhatSockstatAndSnmpHave) {
  SocketStats stats;
  stats.tcp = 1;
  stats.tcp6 = 2;
  stats.udp = 3;
  stats.udp6 = 0;
  stats.tcp_time_wait = 5;
  stats.tcp_active_opens = 6;
  stats.tcp_passive_opens = 7;
  stats.tcp_failed_opens = 8;
  stats.tcp_resets = 9;
  stats.tcp_segments_received = 10;
  stats.tcp_segments_sent = 11;
  stats.tcp_segments_retransmitted = 12;
  ObservationContext context;
  context.sockets = &stats;
  EXPECT_EQ(observe("sockets", {}, context),
            (SeriesValues{
                {"container_network_sockets{protocol=\"tcp\"}", 1},
                {"container_network_sockets{protocol=\"tcp6\"}", 2},
                {"container_network_sockets{protocol=\"udp\"}", 3},
                {"container_network_sockets{protocol=\"udp6\"}", 0},
                {"container_network_tcp_time_wait_sockets", 5},
                {"container_network_tcp_opened_connections_total{direction=\"active\"}", 6},
                {"container_network_tcp_opened_connections_total{direction=\"passive\"}", 7},
                {"container_network_tcp_failed_connections_total", 8},
                {"container_network_tcp_reset_connections_total", 9},
                {"container_network_tcp_received_segments_total", 10},
                {"container_network_tcp_sent_segments_total", 11},
                {"container_network_tcp_retransmitted_segments_total", 12},
            }));
}

TEST(SocketsCollector, HasNoSeriesForWhatIsNotKnown) {
  EXPECT_TRUE(observe("sockets", {}).empty());
  SocketStats of_a_cgroup;
  of_a_cgroup.tcp = 4;
  ObservationContext context;
  context.sockets = &of_a_cgroup;
  EXPECT_EQ(observe("sockets", {}, context), (SeriesValues{{"container_network_sockets{protocol=\"tcp\"}", 4}}));
}

}  // namespace
}  // namespace tallyman
