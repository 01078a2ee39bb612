#include "collectors/kernel/network/link.h"

#include "collectors/kernel/system/netlink.h"

#include <gtest/gtest.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>

namespace tallyman {
namespace {

template <class T>
std::string bytes_of(const T& value) {
  std::string bytes;
  netlink::append(bytes, value);
  return bytes;
}

std::string attribute(std::uint16_t type, std::string_view value) {
  std::string bytes;
  netlink::append_attribute(bytes, type, value);
  return bytes;
}

std::string link(int index, std::string_view attributes, unsigned short type = ARPHRD_ETHER) {
  ifinfomsg head{};
  head.ifi_index = index;
  head.ifi_type = type;
  return bytes_of(head).append(attributes);
}

std::string name(std::string_view text) { return attribute(IFLA_IFNAME, std::string(text) + '\0'); }
std::string info(std::string_view kind, std::string_view data = {}) {
  return attribute(IFLA_LINKINFO, attribute(IFLA_INFO_KIND, kind) + attribute(IFLA_INFO_DATA, data));
}

TEST(Link, OfFlannelIsAVxlanWithItsIdAndPort) {
  const auto one = parse_link(
      link(7, name("flannel.1") + info("vxlan", attribute(IFLA_VXLAN_ID, bytes_of(std::uint32_t{1})) +
                                                    attribute(IFLA_VXLAN_PORT, std::string_view("\x21\x18", 2)))));
  ASSERT_TRUE(one);
  EXPECT_EQ(one->index, 7U);
  EXPECT_EQ(one->kind, "vxlan");
  EXPECT_EQ(one->vxlan_id, 1U);
  EXPECT_EQ(one->vxlan_port, 8472U);
  EXPECT_FALSE(one->vlan_id);
}

TEST(Link, OfAVlanHasItsNumber) {
  const auto one =
      parse_link(link(8, name("eth0.7") + info("vlan", attribute(IFLA_VLAN_ID, bytes_of(std::uint16_t{7})))));
  ASSERT_TRUE(one);
  EXPECT_EQ(one->kind, "vlan");
  EXPECT_EQ(one->vlan_id, 7U);
}

TEST(Link, HasItsMasterAndTheNamespaceOfItsOtherEnd) {
  const auto one = parse_link(link(9, name("veth12") + attribute(IFLA_MASTER, bytes_of(std::uint32_t{4})) +
                                          attribute(IFLA_LINK_NETNSID, bytes_of(std::int32_t{0})) + info("veth")));
  ASSERT_TRUE(one);
  EXPECT_EQ(one->kind, "veth");
  EXPECT_EQ(one->master_index, 4U);
  EXPECT_EQ(one->peer_namespace, 0);
}

TEST(Link, WithoutAKindIsADeviceOrTheLoopback) {
  EXPECT_EQ(parse_link(link(2, name("eth0")))->kind, "physical");
  EXPECT_EQ(parse_link(link(1, name("lo"), ARPHRD_LOOPBACK))->kind, "loopback");
}

TEST(Link, OfHostileBytesIsNone) {
  EXPECT_FALSE(parse_link(""));
  EXPECT_FALSE(parse_link(link(1, name("eth0")).substr(0, 15)));
  EXPECT_FALSE(parse_link(link(0, name("eth0"))));
  EXPECT_FALSE(parse_link(link(-3, name("eth0"))));
  EXPECT_FALSE(parse_link(link(1, ""))) << "no name";
  EXPECT_FALSE(parse_link(link(1, name("eth0") + std::string("\xff\xff\x01\0", 4))));
  const auto long_name = parse_link(link(1, name(std::string(300, 'x'))));
  ASSERT_TRUE(long_name);
  EXPECT_EQ(long_name->name.size(), 15U);
  const auto torn = parse_link(link(1, name("v") + info("vxlan", attribute(IFLA_VXLAN_ID, "ab"))));
  ASSERT_TRUE(torn);
  EXPECT_FALSE(torn->vxlan_id) << "two bytes are no id";
}

TEST(NamespaceId, IsThatOfTheAnswer) {
  const std::string head(4, '\0');
  EXPECT_EQ(parse_namespace_id(head + attribute(NETNSA_NSID, bytes_of(std::int32_t{5}))), 5);
  EXPECT_EQ(parse_namespace_id(head + attribute(NETNSA_NSID, bytes_of(std::int32_t{-1}))), std::nullopt)
      << "NETNSA_NSID_NOT_ASSIGNED";
  EXPECT_EQ(parse_namespace_id(head + attribute(NETNSA_NSID, "ab")), std::nullopt);
  EXPECT_EQ(parse_namespace_id(head), std::nullopt);
  EXPECT_EQ(parse_namespace_id(""), std::nullopt);
}

}  // namespace
}  // namespace tallyman
