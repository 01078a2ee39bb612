#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/stats/socket_stats.h"
#include "tests/support/observe.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

TEST(AdvTcpCollector, GivesEachOfTheKernelsFields) {
  SocketStats stats;
  stats.advanced = {{"rtomin", 200}, {"listendrops", 0}};
  ObservationContext context;
  context.sockets = &stats;
  EXPECT_EQ(observe("advtcp", {}, context),
            (SeriesValues{{"container_network_advance_tcp_stats_total{tcp_state=\"rtomin\"}", 200},
                          {"container_network_advance_tcp_stats_total{tcp_state=\"listendrops\"}", 0}}));
  EXPECT_TRUE(observe("advtcp", {}).empty());
}

}  // namespace
}  // namespace tallyman
