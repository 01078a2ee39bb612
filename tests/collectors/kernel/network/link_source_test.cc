#include "collectors/kernel/network/link_source.h"

#include "tests/support/host_builder.h"
#include "tests/support/network_thread.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>

namespace tallyman {
namespace {

// A network namespace as host, with interfaces like those of their usual makers.
class LinkSourceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!NetworkThread::allowed() || std::system("ip -V >/dev/null 2>&1") != 0) {
      GTEST_SKIP() << "needs root and iproute2";
    }
    host_ = std::make_unique<NetworkThread>();
  }

  void ip(const std::string& arguments) {
    host_->run([&] { ASSERT_EQ(std::system(("ip " + arguments).c_str()), 0) << arguments; });
  }

  std::map<std::string, HostLink> read(const std::vector<NamespaceOwner>& owners = {}) {
    std::map<std::string, HostLink> links;
    host_->run([&] {
      ReadReport report;
      for (HostLink& link : LinkSource(HostRoot{}).read(host_->place(), owners, report)) {
        const std::string name = link.name;
        EXPECT_TRUE(links.emplace(name, std::move(link)).second) << name;
      }
      EXPECT_EQ(report.faults(), 0U) << report.first_fault;
    });
    return links;
  }

  std::unique_ptr<NetworkThread> host_;
};

TEST_F(LinkSourceTest, DistinguishesKinds) {
  ip("link add cni0 type bridge");
  ip("link add docker0 type bridge");
  ip("link add flannel.1 type vxlan id 1 dstport 8472 local 127.0.0.1 dev lo nolearning");
  ip("link add other type vxlan id 4097 dstport 4789 local 127.0.0.1 dev lo");
  ip("tuntap add tunnel mode tun");
  ip("link add one type veth peer name two");
  ip("link set one master cni0");
  const auto links = read();
  EXPECT_EQ(links.at("lo").kind, "loopback");
  EXPECT_EQ(links.at("cni0").kind, "bridge");
  EXPECT_EQ(links.at("flannel.1").kind, "vxlan");
  EXPECT_EQ(links.at("flannel.1").vxlan_id, 1U);
  EXPECT_EQ(links.at("flannel.1").vxlan_port, 8472U);
  EXPECT_EQ(links.at("other").vxlan_id, 4'097U);
  EXPECT_EQ(links.at("other").vxlan_port, 4'789U);
  EXPECT_EQ(links.at("tunnel").kind, "tun");
  EXPECT_EQ(links.at("one").kind, "veth");
  EXPECT_EQ(links.at("one").master, "cni0");
  EXPECT_EQ(links.at("one").owner, "") << "its other end is on the host too";
  EXPECT_EQ(links.at("two").master, "");
}

TEST_F(LinkSourceTest, KnowsTheOwnerOfTheOtherEnd) {
  NetworkThread web, db, idle;
  const auto veth = [&](const std::string& name, const NetworkThread& inside, const std::string& inner) {
    ip("link add " + name + " type veth peer name " + inner + " netns " + std::to_string(inside.place().pid));
  };
  veth("veth1", web, "eth0");
  veth("veth2", db, "eth0");
  veth("veth3", web, "eth1");
  std::vector<NamespaceOwner> owners = {
      {web.place(), "web", "/docker/w"}, {idle.place(), "idle", "/docker/i"}, {db.place(), "db", "/docker/d"}};
  auto links = read(owners);
  EXPECT_EQ(links.at("veth1").owner, "web");
  EXPECT_EQ(links.at("veth1").owner_id, "/docker/w");
  EXPECT_EQ(links.at("veth2").owner, "db");
  EXPECT_EQ(links.at("veth3").owner, "web");

  owners[0].place.inode = owners[1].place.inode;  // the process is elsewhere by now
  owners[2].place.process = "/proc/4194305";      // and this one is gone
  owners[2].place.pid = 4194305;
  links = read(owners);
  EXPECT_EQ(links.at("veth1").owner, "");
  EXPECT_EQ(links.at("veth2").owner, "");
}

TEST_F(LinkSourceTest, FollowsWhatIsMadeAndTakenAway) {
  ip("link add gone type bridge");
  EXPECT_TRUE(read().contains("gone"));
  ip("link delete gone");
  EXPECT_FALSE(read().contains("gone"));
}

TEST(LinkSourceFromOutside, ReadsTheHostsSysfs) {
  HostBuilder host;
  const auto device = [&](const std::string& name, int index, const std::string& uevent) {
    host.file("sys/class/net/" + name + "/ifindex", std::to_string(index) + "\n");
    host.file("sys/class/net/" + name + "/type", name == "lo" ? "772\n" : "1\n");
    host.file("sys/class/net/" + name + "/uevent", uevent + "INTERFACE=" + name + "\n");
  };
  device("lo", 1, "");
  device("eth0", 2, "");
  host.dir("sys/class/net/eth0/device");
  device("docker0", 3, "DEVTYPE=bridge\n");
  device("flannel.1", 4, "DEVTYPE=vxlan\n");
  device("tun0", 5, "");
  host.file("sys/class/net/tun0/tun_flags", "0x1\n");
  device("veth9", 6, "");
  std::filesystem::create_directory_symlink("../docker0", host.path("sys/class/net/veth9/master"));
  host.file("sys/class/net/bonding_masters", "bond0\n");
  ReadReport report;
  const auto links = LinkSource(host.root()).read({}, {}, report);
  EXPECT_EQ(report.faults(), 0U);
  std::string description;
  for (const HostLink& link : links) {
    description += link.name + " " + std::to_string(link.index) + " " + link.kind + " " + link.master + "\n";
  }
  EXPECT_EQ(description,
            "docker0 3 bridge \n"
            "eth0 2 physical \n"
            "flannel.1 4 vxlan \n"
            "lo 1 loopback \n"
            "tun0 5 tun \n"
            "veth9 6  docker0\n");
}

}  // namespace
}  // namespace tallyman
