#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/stats/socket_stats.h"
#include "tests/support/observe.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

TEST(UdpCollector, GivesSocketsQueuesAndDrops) {
  SocketStats stats;
  stats.udp_sockets = UdpSocketStats{1, 2, 3, 4};
  stats.udp6_sockets = UdpSocketStats{5, 6, 7, 8};
  ObservationContext context;
  context.sockets = &stats;
  EXPECT_EQ(observe("udp", {}, context), (SeriesValues{
                                             {"container_network_udp_usage_total{udp_state=\"listen\"}", 1},
                                             {"container_network_udp_usage_total{udp_state=\"dropped\"}", 2},
                                             {"container_network_udp_usage_total{udp_state=\"rxqueued\"}", 3},
                                             {"container_network_udp_usage_total{udp_state=\"txqueued\"}", 4},
                                             {"container_network_udp6_usage_total{udp_state=\"listen\"}", 5},
                                             {"container_network_udp6_usage_total{udp_state=\"dropped\"}", 6},
                                             {"container_network_udp6_usage_total{udp_state=\"rxqueued\"}", 7},
                                             {"container_network_udp6_usage_total{udp_state=\"txqueued\"}", 8},
                                         }));
}

TEST(UdpCollector, HasNoSeriesWithoutSockDiag) {
  EXPECT_TRUE(observe("udp", {}).empty());
  const SocketStats nothing;
  ObservationContext context;
  context.sockets = &nothing;
  EXPECT_TRUE(observe("udp", {}, context).empty());
}

}  // namespace
}  // namespace tallyman
