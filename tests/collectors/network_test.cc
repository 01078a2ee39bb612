#include "collectors/kernel/stats/cgroup_stats.h"
#include "tests/support/observe.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

HostLink link_of(std::string name, std::string kind, std::uint32_t master = 0, std::string made_by = {}) {
  HostLink link;
  link.name = std::move(name);
  link.kind = std::move(kind);
  link.master_index = master;
  link.made_by = std::move(made_by);
  return link;
}

// What is shown as the host's received bytes, in `ls`, the API and the dashboard.
std::optional<std::uint64_t> received(const ObservationContext& context) {
  const Snapshot snapshot = snapshot_of("network", {}, context);
  return sum_of(snapshot, snapshot.layout->blocks.front(), *find_metric("container_network_receive_bytes_total"));
}

TEST(NetworkCollector, GivesEightCountersForEachInterface) {
  ObservationContext context;
  context.interfaces = {{"eth0", 1, 2, 3, 4, 5, 6, 7, 8}, {"eth1", 10, 20, 30, 40, 50, 60, 70, 80}};
  EXPECT_EQ(observe("network", {}, context),
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

TEST(NetworkCollector, SumsOfTheHostCountEachByteOnce) {
  ObservationContext context;
  context.interfaces = {{"eth0", 1000}, {"eth1", 500}, {"docker0", 900}, {"flannel.1", 70}, {"late0", 3}};
  EXPECT_EQ(received(context), 2473U) << "nothing is known of the interfaces";
  context.links = {link_of("docker0", "bridge", 0, "docker"), link_of("eth0", "physical"),
                   link_of("eth1", "physical", 9), link_of("flannel.1", "vxlan", 0, "flannel")};
  EXPECT_EQ(received(context), 1500U);
  EXPECT_EQ(observe("network", {}, context).size(), 40U) << "the series are all there";
}

TEST(NetworkCollector, SumsOfAHostThatIsAContainerAreOfTheWayOut) {
  ObservationContext context;
  context.interfaces = {{"eth0", 1000}, {"docker0", 900}, {"veth1", 800}, {"cali1", 50}};
  context.links = {link_of("eth0", "veth"), link_of("docker0", "bridge", 0, "docker"), link_of("veth1", "veth", 2),
                   link_of("cali1", "veth", 0, "calico")};
  EXPECT_EQ(received(context), 1000U);
  context.links = {link_of("docker0", "bridge", 0, "docker")};
  EXPECT_EQ(received(context), 2750U) << "no way out is known";
}

TEST(NetworkCollector, ASumFollowsWhenTheInterfacesBecomeKnown) {
  ObservationContext context;
  context.interfaces = {{"eth0", 1000}, {"docker0", 900}};
  const Collector& network = collector_named("network");
  std::vector<std::uint64_t> slots;
  SeriesWriter first(nullptr, {}, slots, catalogue());
  first.begin(first_metric(network));
  network.collect({context.workload, {}, context.interfaces, nullptr, 0}, first);
  const auto before = first.finish();
  context.links = {link_of("eth0", "physical")};
  SeriesWriter second(before, {}, slots, catalogue());
  second.begin(first_metric(network));
  network.collect({context.workload, {}, context.interfaces, nullptr, 0, false, nullptr, nullptr, context.links},
                  second);
  EXPECT_NE(second.finish(), before);
}

TEST(NetworkCollector, GivesNothingWithoutANamespaceOfItsOwn) { EXPECT_EQ(observe("network", {}), SeriesValues{}); }

TEST(NetworkCollector, EscapesAnInterfacesName) {
  ObservationContext context;
  context.interfaces = {{"a\"b\\c", 1, 0, 0, 0, 0, 0, 0, 0}};  // the kernel allows all but '/', ':' and blanks
  EXPECT_EQ(observe("network", {}, context).at(R"(container_network_receive_bytes_total{interface="a\"b\\c"})"), 1U);
}

TEST(NetworkCollector, AsksForTheProcessCountThatClosesAnEmptiedNamespace) {
  EXPECT_TRUE(collector_named("network").needs.has(SourceKind::kNetwork));
  EXPECT_TRUE(collector_named("network").needs.has(CgroupStatsKind::kPids));
}

}  // namespace
}  // namespace tallyman
