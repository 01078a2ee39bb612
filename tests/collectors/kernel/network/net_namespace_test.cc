#include "collectors/kernel/network/net_namespace.h"

#include "tests/support/host_builder.h"
#include "tests/support/network_thread.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace tallyman {
namespace {

TEST(NetNamespaces, AreDistinguishedByEitherMark) {
  if (!NetworkThread::allowed()) {
    GTEST_SKIP() << "a network namespace needs root";
  }
  NetworkThread one, other;
  for (const NamespaceMark mark : {NamespaceMark::kNsNet, NamespaceMark::kNetDev}) {
    const auto of = [&](const std::string& process) { return net_namespace_of(process, mark); };
    const std::uint64_t own = of("/proc/self");
    EXPECT_NE(own, 0U);
    EXPECT_EQ(of("/proc/" + std::to_string(getpid())), own);
    EXPECT_NE(of(one.place().process), own);
    EXPECT_NE(of(one.place().process), of(other.place().process));
    EXPECT_EQ(of(one.place().process), of(one.place().process));
  }
}

TEST(NetNamespaces, OfAHostOfFilesAreNeverIdentifiedByNetDev) {
  HostBuilder host;
  host.file("proc/1/net/dev", "");
  EXPECT_EQ(namespace_mark_of(host.root()), NamespaceMark::kNsNet) << "its inodes say nothing of namespaces";
}

TEST(NetNamespaces, OfNoProcessIsNone) {
  EXPECT_EQ(net_namespace_of("/proc/4194305", NamespaceMark::kNetDev), 0U);
  EXPECT_EQ(net_namespace_of("/proc/4194305", NamespaceMark::kNsNet), 0U);
}

}  // namespace
}  // namespace tallyman
