#include "agent/http/allowed_hosts.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

TEST(AllowedHosts, OfALoopbackServerAreItsNamesAndAllAddresses) {
  const AllowedHosts hosts("127.0.0.1:8255", "");
  for (const char* host :
       {"localhost", "localhost:8255", "LOCALHOST", "localhost.", "tallyman.localhost:80", "127.0.0.1",
        "127.0.0.1:8255", "127.8.9.10", "[::1]", "[::1]:8255", "[fe80::1%eth0]:8255", "10.1.2.3", ""}) {
    EXPECT_TRUE(hosts.allow(host)) << host;
  }
  for (const char* host : {"attacker.example", "attacker.example:8255", "localhost.attacker.example", "notlocalhost",
                           "127.0.0.1.attacker.example", "rebind", "1.2.3.4.5", "[attacker.example]", "[", ":8255", ".",
                           "localhost@attacker.example", "xlocalhost"}) {
    EXPECT_FALSE(hosts.allow(host)) << host;
  }
}

TEST(AllowedHosts, OfAServerOnAllAddressesAreAlsoNamesWithoutADot) {
  for (const char* address : {":8255", "0.0.0.0:8255", "[::]:8255", "192.0.2.7:8255"}) {
    const AllowedHosts hosts(address, "");
    EXPECT_TRUE(hosts.allow("monitor:8255")) << address;  // a name of a container's network
    EXPECT_TRUE(hosts.allow("192.0.2.7:8255")) << address;
    EXPECT_TRUE(hosts.allow("localhost:8255")) << address;
    EXPECT_FALSE(hosts.allow("attacker.example:8255")) << address;
    EXPECT_FALSE(hosts.allow(":8255")) << address;
  }
}

TEST(AllowedHosts, TheNameThatItListensOnIsAllowed) {
  const AllowedHosts hosts("Node1.Example:8255", "");
  EXPECT_TRUE(hosts.allow("node1.example:8255"));
  EXPECT_FALSE(hosts.allow("node2.example:8255"));
}

TEST(AllowedHosts, TheUserAddsNamesAndWholeDomains) {
  const AllowedHosts hosts("127.0.0.1:8255", "metrics.example, .svc.Cluster.local,");
  EXPECT_TRUE(hosts.allow("metrics.example"));
  EXPECT_TRUE(hosts.allow("METRICS.example:443"));
  EXPECT_TRUE(hosts.allow("a.b.svc.cluster.local:8255"));
  EXPECT_FALSE(hosts.allow("sub.metrics.example"));
  EXPECT_FALSE(hosts.allow("svc.cluster.local"));
  EXPECT_FALSE(hosts.allow("xsvc.cluster.local"));
  EXPECT_TRUE(AllowedHosts("127.0.0.1:8255", "*").allow("attacker.example"));
  EXPECT_TRUE(AllowedHosts().allow("attacker.example"));
}

}  // namespace
}  // namespace tallyman
