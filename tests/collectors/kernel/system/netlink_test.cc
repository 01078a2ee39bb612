#include "collectors/kernel/system/netlink.h"

#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <array>

namespace tallyman::netlink {
namespace {

std::string message(std::uint32_t length, std::uint16_t type, std::string_view payload) {
  nlmsghdr header{};
  header.nlmsg_len = length;
  header.nlmsg_type = type;
  header.nlmsg_seq = 9;
  std::string bytes;
  append(bytes, header);
  return bytes.append(payload);
}

std::string attribute(std::uint16_t length, std::uint16_t type, std::string_view value) {
  nlattr header{};
  header.nla_len = length;
  header.nla_type = type;
  std::string bytes;
  append(bytes, header);
  return bytes.append(value);
}

TEST(NetlinkMessages, AreReadOneAfterTheOther) {
  MessageReader reader{std::string_view()};
  Message one;
  EXPECT_FALSE(reader.next(one));
  const std::string bytes = message(18, 20, "ab") + std::string(2, '\0') + message(19, 21, "xyz");
  MessageReader two(bytes);
  ASSERT_TRUE(two.next(one));
  EXPECT_EQ(one.type, 20);
  EXPECT_EQ(one.sequence, 9U);
  EXPECT_EQ(one.payload, "ab");
  ASSERT_TRUE(two.next(one)) << "padded to four bytes";
  EXPECT_EQ(one.payload, "xyz") << "the last one's padding is missing";
  EXPECT_FALSE(two.next(one));
  EXPECT_FALSE(two.malformed());
}

TEST(NetlinkMessages, OfHostileLengthEndTheReading) {
  for (const std::uint32_t length : {0U, 1U, 15U, 19U, 0x7fffffffU, 0xfffffffcU, 0xffffffffU}) {
    const std::string bytes = message(length, 20, "ab");
    MessageReader reader(bytes);
    Message one;
    EXPECT_FALSE(reader.next(one)) << length;
    EXPECT_TRUE(reader.malformed()) << length;
    EXPECT_FALSE(reader.next(one));
  }
  MessageReader cut(std::string_view("\x10\0\0\0", 4));
  Message one;
  EXPECT_FALSE(cut.next(one));
  EXPECT_TRUE(cut.malformed());
}

TEST(NetlinkAttributes, LoseTheirFlagsAndKeepTheirBounds) {
  const std::string bytes = attribute(7, 3 | NLA_F_NESTED, "abc") + std::string(1, '\0') + attribute(8, 4, "wxyz");
  AttributeReader reader(bytes);
  Attribute one;
  ASSERT_TRUE(reader.next(one));
  EXPECT_EQ(one.type, 3);
  EXPECT_EQ(one.value, "abc");
  ASSERT_TRUE(reader.next(one));
  EXPECT_EQ(as<std::uint32_t>(one.value), 0x7a797877U);
  EXPECT_EQ(as<std::uint64_t>(one.value), std::nullopt) << "four bytes are no eight";
  EXPECT_FALSE(reader.next(one));
  EXPECT_FALSE(reader.malformed());
}

TEST(NetlinkAttributes, OfHostileLengthEndTheReading) {
  for (const std::uint16_t length : std::array<std::uint16_t, 4>{0, 3, 9, 0xffff}) {
    const std::string bytes = attribute(length, 3, "abcd");
    AttributeReader reader(bytes);
    Attribute one;
    EXPECT_FALSE(reader.next(one)) << length;
    EXPECT_TRUE(reader.malformed()) << length;
  }
}

TEST(NetlinkText, EndsAtItsNul) {
  EXPECT_EQ(as_text(std::string_view("veth\0\0", 6)), "veth");
  EXPECT_EQ(as_text("veth"), "veth");
  EXPECT_EQ(as_text(""), "");
}

TEST(NetlinkSocket, DumpsTheInterfacesOfThisMachine) {
  Result<Socket> socket = Socket::open(NETLINK_ROUTE);
  ASSERT_TRUE(socket) << to_string(socket.error());
  std::string request;
  append(request, ifinfomsg{});
  for (int twice = 0; twice < 2; ++twice) {
    int links = 0;
    const auto done = socket->dump(RTM_GETLINK, request, [&](const Message& one) {
      EXPECT_EQ(one.type, RTM_NEWLINK);
      ++links;
    });
    ASSERT_TRUE(done) << to_string(done.error());
    EXPECT_GE(links, 1) << "lo is everywhere";
  }
}

TEST(NetlinkSocket, SaysWhatTheKernelRefuses) {
  Result<Socket> socket = Socket::open(NETLINK_ROUTE);
  ASSERT_TRUE(socket);
  const auto done = socket->dump(RTM_MAX + 77, "", [](const Message&) {});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, EOPNOTSUPP);
}

}  // namespace
}  // namespace tallyman::netlink
