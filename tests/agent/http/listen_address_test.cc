#include "agent/http/listen_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace tallyman {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(ListenAddress, ReadsTheFormsThatPeopleWrite) {
  const auto parsed = [](const char* text) {
    const auto result = parse_listen_address(text);
    return result ? result->host + "|" + std::to_string(result->port) : "error";
  };
  EXPECT_EQ(parsed("127.0.0.1:8255"), "127.0.0.1|8255");
  EXPECT_EQ(parsed("[::1]:8255"), "::1|8255");
  EXPECT_EQ(parsed("[fe80::1%eth0]:65535"), "fe80::1%eth0|65535");
  EXPECT_EQ(parsed(":0"), "|0");
  EXPECT_EQ(parsed("localhost:80"), "localhost|80");
}

TEST(ListenAddress, RefusesTheRestWithTheReason) {
  const auto why = [](const std::string& text) {
    const auto result = parse_listen_address(text);
    if (result) return std::string("no error");
    EXPECT_EQ(result.error().kind, ErrorKind::kMalformed);
    EXPECT_THAT(result.error().where, HasSubstr(text));
    return result.error().where;
  };
  EXPECT_THAT(why(""), HasSubstr("HOST:PORT"));
  EXPECT_THAT(why("8255"), HasSubstr("HOST:PORT"));
  for (const char* port : {"h:", "h:http", "h:65536", "h:-1", "h:+1", "h: 80", "h:80 ", "h:8255/metrics", "h:0x50"}) {
    EXPECT_THAT(why(port), HasSubstr("number from 0 to 65535"));
  }
  EXPECT_THAT(why("::1:8255"), HasSubstr("in brackets"));
  EXPECT_THAT(why("http://localhost:8255"), HasSubstr("in brackets"));
  EXPECT_THAT(why("[::1:8255"), HasSubstr("[ADDRESS]:PORT"));
  EXPECT_THAT(why("[]:8255"), HasSubstr("[ADDRESS]:PORT"));
  EXPECT_THAT(why("[127.0.0.1]:8255"), HasSubstr("only an IPv6 address"));
  EXPECT_THAT(why(std::string("a\0b:80", 6)), HasSubstr("NUL"));
}

TEST(OpenListener, FindsAFreePortAndNamesIt) {
  const auto listener = open_listener("localhost:0");
  ASSERT_TRUE(listener);
  EXPECT_GT(listener->port, 0);
  EXPECT_FALSE(listener->is_v6);
  EXPECT_EQ(listener->address, "127.0.0.1:" + std::to_string(listener->port));
  int bytes = 0;
  socklen_t length = sizeof bytes;
  ASSERT_EQ(getsockopt(listener->descriptor, SOL_SOCKET, SO_SNDBUF, &bytes, &length), 0);
  EXPECT_EQ(bytes, 2 * 128 * 1024);  // the kernel doubles it for its own records
  close(listener->descriptor);
}

TEST(OpenListener, SaysThatAPortIsInUse) {
  const auto first = open_listener("127.0.0.1:0");
  ASSERT_TRUE(first);
  const auto second = open_listener(first->address);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, EADDRINUSE);
  EXPECT_THAT(second.error().where, StartsWith(first->address + " (another program"));
  close(first->descriptor);
  const auto third = open_listener(first->address);
  ASSERT_TRUE(third);
  close(third->descriptor);
}

TEST(OpenListener, SaysThatTheHostHasNoSuchAddress) {
  const auto listener = open_listener("192.0.2.1:0");  // TEST-NET-1
  ASSERT_FALSE(listener);
  EXPECT_EQ(listener.error().code, EADDRNOTAVAIL);
  EXPECT_THAT(listener.error().where, StartsWith("192.0.2.1:0 (no interface"));
}

TEST(OpenListener, SaysThatAHostCannotBeResolved) {
  const auto listener = open_listener("no-such-host.invalid:80");
  ASSERT_FALSE(listener);
  EXPECT_THAT(listener.error().where, StartsWith("no-such-host.invalid:80 (cannot resolve the host: "));
  EXPECT_FALSE(open_listener("[::zz]:80"));
}

TEST(OpenListener, SaysThatPermissionIsMissing) {
  if (geteuid() != 0) {
    const auto listener = open_listener("127.0.0.1:1");
    if (listener) GTEST_SKIP() << "this host gives low ports to everybody";
    EXPECT_EQ(listener.error().kind, ErrorKind::kDenied);
    EXPECT_THAT(listener.error().where, HasSubstr("CAP_NET_BIND_SERVICE"));
    return;
  }
  // Sanitizers and this test's parent stay root: only the effective user of this thread's process changes.
  ASSERT_EQ(seteuid(65534), 0);
  const auto listener = open_listener("127.0.0.1:1");
  ASSERT_EQ(seteuid(0), 0);
  if (listener) {
    close(listener->descriptor);
    GTEST_SKIP() << "this host gives low ports to everybody";
  }
  EXPECT_EQ(listener.error().kind, ErrorKind::kDenied);
  EXPECT_EQ(listener.error().code, EACCES);
  EXPECT_THAT(listener.error().where, HasSubstr("CAP_NET_BIND_SERVICE"));
}

TEST(OpenListener, TakesBothFamiliesWithoutAHost) {
  const auto listener = open_listener(":0");
  ASSERT_TRUE(listener);
  EXPECT_EQ(listener->address, (listener->is_v6 ? "[::]:" : "0.0.0.0:") + std::to_string(listener->port));
  EXPECT_FALSE(open_listener("127.0.0.1:" + std::to_string(listener->port)));
  close(listener->descriptor);
}

}  // namespace
}  // namespace tallyman
