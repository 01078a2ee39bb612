#include "tests/support/observe.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

TEST(NetworkCollector, GivesEightCountersForEachInterface) {
  Surroundings around;
  around.interfaces = {{"eth0", 1, 2, 3, 4, 5, 6, 7, 8}, {"eth1", 10, 20, 30, 40, 50, 60, 70, 80}};
  EXPECT_EQ(observe("network", {}, around),
            (SeriesValues{
                {"container_network_receive_bytes_total{interface=\"eth0\"}", 1},
                {"container_network_receive_packets_total{interface=\"eth0\"}", 2},
                {"container_network_receive_errors_total{interface=\"eth0\"}", 3},
                {"container_network_receive_packets_dropped_total{interface=\"eth0\"}", 4},
                {"container_network_transmit_bytes_total{interface=\"eth0\"}", 5},
                {"container_network_transmit_packets_total{interface=\"eth0\"}", 6},
                {"container_network_transmit_errors_total{interface=\"eth0\"}", 7},
                {"container_network_transmit_packets_dropped_total{interface=\"eth0\"}", 8},
                {"container_network_receive_bytes_total{interface=\"eth1\"}", 10},
                {"container_network_receive_packets_total{interface=\"eth1\"}", 20},
                {"container_network_receive_errors_total{interface=\"eth1\"}", 30},
                {"container_network_receive_packets_dropped_total{interface=\"eth1\"}", 40},
                {"container_network_transmit_bytes_total{interface=\"eth1\"}", 50},
                {"container_network_transmit_packets_total{interface=\"eth1\"}", 60},
                {"container_network_transmit_errors_total{interface=\"eth1\"}", 70},
                {"container_network_transmit_packets_dropped_total{interface=\"eth1\"}", 80},
            }));
}

TEST(NetworkCollector, GivesNothingWithoutANamespaceOfItsOwn) { EXPECT_EQ(observe("network", {}), SeriesValues{}); }

TEST(NetworkCollector, EscapesAnInterfacesName) {
  Surroundings around;
  around.interfaces = {{"a\"b\\c", 1, 0, 0, 0, 0, 0, 0, 0}};  // the kernel allows all but '/', ':' and blanks
  EXPECT_EQ(observe("network", {}, around).at(R"(container_network_receive_bytes_total{interface="a\"b\\c"})"), 1U);
}

TEST(NetworkCollector, AsksForTheProcessCountThatClosesAnEmptiedNamespace) {
  EXPECT_TRUE(collector_named("network").needs.has(StatsKind::kNetwork));
  EXPECT_TRUE(collector_named("network").needs.has(StatsKind::kPids));
}

}  // namespace
}  // namespace tallyman
