#include "collectors/kernel/stats/cgroup_stats.h"
#include "tests/support/observe.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

TEST(InterfacesCollector, SaysWhatEachIs) {
  HostLink veth;
  veth.name = "veth1";
  veth.kind = "veth";
  veth.master = "docker0";
  veth.owner = "web";
  veth.owner_id = "/docker/w";
  HostLink flannel;
  flannel.name = "flannel.1";
  flannel.kind = "vxlan";
  flannel.made_by = "flannel";
  flannel.vxlan_id = 1;
  flannel.vxlan_port = 8472;
  ObservationContext context;
  context.links = {veth, flannel};
  EXPECT_EQ(
      observe("interfaces", {}, context),
      (SeriesValues{{"tallyman_network_interface_info{interface=\"veth1\",interface_kind=\"veth\",master=\"docker0\","
                     "owner=\"web\",owner_id=\"/docker/w\"}",
                     1},
                    {"tallyman_network_interface_info{interface=\"flannel.1\",interface_kind=\"vxlan\","
                     "made_by=\"flannel\",vxlan_id=\"1\",vxlan_port=\"8472\"}",
                     1}}));
  EXPECT_TRUE(observe("interfaces", {}).empty());
}

}  // namespace
}  // namespace tallyman
