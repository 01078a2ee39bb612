#include "collectors/sampling/sources/link_makers.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

TEST(LinkMakers, AreKnownByNameAndKind) {
  EXPECT_EQ(maker_of("docker0", "bridge"), "docker");
  EXPECT_EQ(maker_of("br-0123456789ab", "bridge"), "docker");
  EXPECT_EQ(maker_of("br-lan", "bridge"), "") << "anybody's";
  EXPECT_EQ(maker_of("br-0123456789zz", "bridge"), "");
  EXPECT_EQ(maker_of("docker0", "dummy"), "");
  EXPECT_EQ(maker_of("docker_gwbridge", "bridge"), "docker");
  EXPECT_EQ(maker_of("cni0", "bridge"), "cni");
  EXPECT_EQ(maker_of("cni-podman0", "bridge"), "podman");
  EXPECT_EQ(maker_of("podman1", "bridge"), "podman");
  EXPECT_EQ(maker_of("cali1234", "veth"), "calico");
  EXPECT_EQ(maker_of("lxcbr0", "bridge"), "lxc");
  EXPECT_EQ(maker_of("eth0", "physical"), "");
}

}  // namespace
}  // namespace tallyman
