#include "collectors/kernel/network/network_source.h"

#include "tests/support/cgroup_trees.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace tallyman {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

std::string net_dev(std::uint64_t received_bytes) {
  return "Inter-|   Receive                                                |  Transmit\n"
         " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls "
         "carrier compressed\n"
         "    lo:     500       5    0    0    0     0          0         0      500       5    0    0    0     0      "
         " "
         "0          0\n"
         "  eth0: " +
         std::to_string(received_bytes) + " 7 1 2 0 0 0 0 1024 3 4 5 0 0 0 0\n";
}

// A host with files as namespaces: stat()'s inode counts, and hard links share it.
class Network : public ::testing::Test {
 protected:
  Network() {
    mount_v2(host_);
    process(1, "host", 1'000'000);
    source_ = source_on(host_);
    network_ = make();
  }

  std::unique_ptr<NetworkSource> make(std::size_t files_kept_open = 100) {
    return std::make_unique<NetworkSource>(host_.root(), *source_, files_kept_open,
                                           [](const std::string& name) { return name == "lo"; });
  }

  // A process in the namespace with this name.
  void process(int pid, const std::string& name_space, std::uint64_t received_bytes) {
    const std::string link = "proc/" + std::to_string(pid) + "/ns/net";
    if (!std::filesystem::exists(host_.path("namespaces/" + name_space))) {
      host_.file("namespaces/" + name_space, "");
    }
    host_.dir("proc/" + std::to_string(pid) + "/ns");
    std::filesystem::remove(host_.path(link));
    std::filesystem::create_hard_link(host_.path("namespaces/" + name_space), host_.path(link));
    host_.file("proc/" + std::to_string(pid) + "/net/dev", net_dev(received_bytes));
  }

  void cgroup(const std::string& path, const std::string& procs, int threads = 1) {
    host_.file(v2_path(path, "cgroup.procs"), procs);
    host_.file(v2_path(path, "pids.current"), std::to_string(threads) + "\n");
  }

  StatsSource::Handle attach(const std::string& path, std::optional<std::uint32_t> init_pid = {},
                             NetworkMode mode = NetworkMode::kOwn) {
    const auto handle = source_->attach(path);
    NetworkWorkload workload;
    workload.cgroup = path;
    workload.init_pid = init_pid;
    workload.mode = mode;
    workload.is_root = path == "/";
    network_->attach(handle, workload);
    return handle;
  }

  ReadReport read(bool slow = false) {
    pass(*source_, slow);
    return network_->read(slow);
  }

  std::optional<std::uint64_t> received(StatsSource::Handle handle) {
    const auto interfaces = network_->interfaces(handle);
    return interfaces.empty() ? std::nullopt : std::optional(interfaces[0].rx_bytes);
  }

  HostBuilder host_;
  std::unique_ptr<StatsSource> source_;
  std::unique_ptr<NetworkSource> network_;
};

TEST_F(Network, OfItsOwnIsReadWithoutTheIgnoredInterfaces) {
  process(100, "a", 4'096);
  cgroup("/a", "100\n");
  const auto a = attach("/a", 100);
  EXPECT_EQ(read().faults(), 0U);
  EXPECT_EQ(network_->ownership(a), NetworkOwnership::kOwn);
  const auto interfaces = network_->interfaces(a);
  ASSERT_EQ(interfaces.size(), 1U) << "lo is left out";
  EXPECT_EQ(interfaces[0].name, "eth0");
  EXPECT_EQ(interfaces[0].rx_bytes, 4'096U);
  EXPECT_EQ(interfaces[0].rx_packets, 7U);
  EXPECT_EQ(interfaces[0].rx_errors, 1U);
  EXPECT_EQ(interfaces[0].rx_dropped, 2U);
  EXPECT_EQ(interfaces[0].tx_bytes, 1'024U);
  EXPECT_EQ(interfaces[0].tx_packets, 3U);
  EXPECT_EQ(interfaces[0].tx_errors, 4U);
  EXPECT_EQ(interfaces[0].tx_dropped, 5U);
  process(100, "a", 8'192);
  read();
  EXPECT_EQ(received(a), 8'192U);
  EXPECT_EQ(network_->open_files(), 1U);
}

TEST_F(Network, OfTheHostIsNeverAWorkloads) {
  process(100, "host", 1'000'000);
  cgroup("/a", "100\n");
  cgroup("/", "1\n");
  const auto a = attach("/a", 100, NetworkMode::kHost);
  const auto host = attach("/");
  read();
  EXPECT_EQ(network_->ownership(a), NetworkOwnership::kHost);
  EXPECT_THAT(network_->interfaces(a), IsEmpty());
  EXPECT_EQ(received(host), 1'000'000U) << "the host itself has it";
}

TEST_F(Network, ThatIsSharedIsGivenToTheFirstAlone) {
  process(100, "pod", 10);
  process(200, "pod", 10);
  cgroup("/a", "100\n");
  cgroup("/b", "200\n");
  const auto a = attach("/a");
  const auto b = attach("/b");
  read();
  EXPECT_EQ(received(a), 10U);
  EXPECT_EQ(network_->ownership(b), NetworkOwnership::kShared);
  EXPECT_THAT(network_->interfaces(b), IsEmpty());
  for (int i = 0; i < 20; ++i) {
    read(i % 10 == 0);
  }
  EXPECT_EQ(received(a), 10U) << "and stays there";

  network_->detach(a);
  source_->detach(a);
  EXPECT_EQ(network_->open_files(), 0U);
  read(true);
  EXPECT_EQ(received(b), 10U) << "the next one, once the first is gone";
}

class SystemContainer : public Network {
 protected:
  SystemContainer() { host_.file(v2_path("/lxc.payload.web", "pids.current"), "3\n"); }

  // What /proc says of the one with this id in its own namespace.
  void first(int pid, const std::string& ns_pids, int start_ticks = 500) {
    const std::string at = "proc/" + std::to_string(pid);
    host_.file(at + "/stat", std::to_string(pid) + " (init) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 " +
                                 std::to_string(start_ticks) + " 1 1\n");
    if (!ns_pids.empty()) {
      host_.file(at + "/status", "Name:\tinit\nNSpid:\t" + ns_pids + "\n");
    }
  }
  StatsSource::Handle attach_container(const std::string& path) {
    const auto handle = source_->attach(path);
    network_->attach(handle, {.cgroup = path, .init_pid = {}, .is_container = true});
    return handle;
  }
};

TEST_F(SystemContainer, HasTheNetworkOfAnInitThatMovedToACgroupOfItsOwn) {
  process(100, "web", 726);
  first(100, "100\t1");
  process(101, "web", 726);
  first(101, "101\t44");
  process(102, "private", 9);  // a service inside with a network of its own
  first(102, "102\t45");
  cgroup("/lxc.payload.web", "", 3);
  cgroup("/lxc.payload.web/init.scope", "100\n");
  cgroup("/lxc.payload.web/system.slice/cron.service", "101\n");
  cgroup("/lxc.payload.web/system.slice/own.service", "102\n");
  const auto web = attach_container("/lxc.payload.web");
  const auto init = attach("/lxc.payload.web/init.scope", {}, NetworkMode::kUnknown);
  const auto cron = attach("/lxc.payload.web/system.slice/cron.service", {}, NetworkMode::kUnknown);
  const auto own = attach("/lxc.payload.web/system.slice/own.service", {}, NetworkMode::kUnknown);
  for (const bool slow : {false, true, false}) {
    EXPECT_EQ(read(slow).faults(), 0U);
    EXPECT_EQ(received(web), 726U);
    EXPECT_EQ(network_->ownership(init), NetworkOwnership::kShared);
    EXPECT_EQ(network_->ownership(cron), NetworkOwnership::kShared);
    EXPECT_EQ(received(own), 9U);
  }
}

TEST_F(SystemContainer, TakesItFromACgroupBelowThatHadItBefore) {
  process(100, "web", 726);
  first(100, "100\t1");
  cgroup("/lxc.payload.web", "", 1);
  cgroup("/lxc.payload.web/init.scope", "100\n");
  const auto init = attach("/lxc.payload.web/init.scope", {}, NetworkMode::kUnknown);
  read();
  EXPECT_EQ(received(init), 726U) << "nobody knows of a container";
  const auto web = attach_container("/lxc.payload.web");
  read();
  EXPECT_EQ(received(web), 726U);
  EXPECT_THAT(network_->interfaces(init), IsEmpty());
  EXPECT_EQ(network_->open_files(), 1U);
}

TEST_F(SystemContainer, IsNotTheOneThatRunsInsideOfIt) {
  process(90, "inner", 5);  // older, by a lower number: its cgroup comes first
  first(90, "90\t70\t1", 400);
  process(100, "web", 726);
  first(100, "100\t1");
  cgroup("/lxc.payload.web", "", 2);
  cgroup("/lxc.payload.web/docker/inner", "90\n");
  cgroup("/lxc.payload.web/init.scope", "100\n");
  const auto web = attach_container("/lxc.payload.web");
  const auto inner = attach_container("/lxc.payload.web/docker/inner");
  read();
  EXPECT_EQ(received(web), 726U);
  EXPECT_EQ(received(inner), 5U);
}

// Its supervisor is in a cgroup of the machine, too.
TEST_F(SystemContainer, IsNotTheProgramThatStartedIt) {
  process(80, "host", 1'000'000);
  first(80, "80", 400);
  process(100, "web", 726);
  first(100, "100\t1");
  cgroup("/machine.slice/nspawn.service", "", 2);
  cgroup("/machine.slice/nspawn.service/payload/init.scope", "100\n");
  cgroup("/machine.slice/nspawn.service/supervisor", "80\n");
  const auto machine = attach_container("/machine.slice/nspawn.service");
  cgroup("/machine.slice/libvirt.scope", "81\n");
  process(81, "host", 1'000'000);
  first(81, "81", 400);
  cgroup("/machine.slice/libvirt.scope/libvirt/init.scope", "101\n");
  process(101, "lxc", 33);
  first(101, "101\t1");
  const auto libvirt = attach_container("/machine.slice/libvirt.scope");
  read();
  EXPECT_EQ(received(machine), 726U);
  EXPECT_EQ(received(libvirt), 33U);
}

// Before Linux 4.1.
TEST_F(SystemContainer, HasThatOfItsOldestProcessWhereTheKernelSaysNoMore) {
  process(100, "web", 726);
  first(100, "", 500);
  process(99, "other", 7);
  first(99, "", 900);
  cgroup("/lxc.payload.web", "", 2);
  cgroup("/lxc.payload.web/a", "99\n");
  cgroup("/lxc.payload.web/b", "100\n");
  const auto web = attach_container("/lxc.payload.web");
  read();
  EXPECT_EQ(received(web), 726U);
}

TEST_F(Network, SaysWhatReallyFailed) {
  host_.file("proc/100/net/dev", net_dev(10));  // no ns/net: a recorded host, or a kernel without namespaces
  cgroup("/a", "100\n");
  attach("/a", {}, NetworkMode::kUnknown);
  EXPECT_EQ(read().faults(), 0U) << "no capability would help";
}

TEST_F(Network, OfAnotherContainerIsGivenToItsOwnerInAnyOrder) {
  process(100, "web", 10);
  process(200, "web", 10);
  cgroup("/docker/a-sidecar", "100\n");
  cgroup("/docker/web", "200\n");
  const auto sidecar = attach("/docker/a-sidecar", 100, NetworkMode::kJoined);
  const auto web = attach("/docker/web", 200, NetworkMode::kOwn);
  for (int i = 0; i < 20; ++i) {
    read(i % 10 == 0);
    EXPECT_EQ(received(web), 10U);
    EXPECT_EQ(network_->ownership(sidecar), NetworkOwnership::kShared);
  }
}

TEST_F(Network, OfAnotherContainerThatIsNotThereFallsToTheOneThatIs) {
  process(100, "left", 10);
  cgroup("/docker/sidecar", "100\n");
  const auto sidecar = attach("/docker/sidecar", 100, NetworkMode::kJoined);
  for (int i = 0; i < 12; ++i) {
    read(i % 10 == 0);
  }
  read(true);
  EXPECT_EQ(received(sidecar), 10U);
}

TEST_F(Network, BelongsToTheContainerAndNotToACgroupInIt) {
  process(100, "a", 10);
  process(101, "a", 10);
  cgroup("/x", "");
  cgroup("/y", "");
  const auto x = attach("/x");
  const auto y = attach("/y");
  for (const auto leaving : {x, y}) {  // their handles are given out again, the last one first
    network_->detach(leaving);
    source_->detach(leaving);
  }
  cgroup("/docker/a", "100\n", 2);
  cgroup("/docker/a/init.scope", "101\n");
  const auto container = attach("/docker/a", 100);
  const auto scope = attach("/docker/a/init.scope");
  ASSERT_GT(container, scope);
  read();
  EXPECT_EQ(received(container), 10U);
  EXPECT_EQ(network_->ownership(scope), NetworkOwnership::kShared);
}

TEST_F(Network, OfAnInitInACgroupBelowIsFoundByItsPid) {
  process(300, "a", 77);
  cgroup("/docker/a", "", 3);  // systemd as init: all its processes are in cgroups of its own
  cgroup("/docker/a/init.scope", "300\n");
  const auto a = attach("/docker/a", 300);
  read();
  EXPECT_EQ(received(a), 77U);
}

// In a container with the host's /proc: cgroup.procs numbers processes as the
// agent's namespace does (0: not in it), /proc as the host's.
TEST_F(Network, OfAnotherPidNamespaceIsFoundByTheRuntimesPidAlone) {
  process(7, "of another", 1'000'000);
  process(100, "a", 4'096);
  std::filesystem::create_symlink("4242424", host_.path("proc/self"));
  network_ = make();
  cgroup("/docker/a", "7\n0\n");
  cgroup("/service", "7\n");
  const auto a = attach("/docker/a", 100);
  const auto service = attach("/service", {}, NetworkMode::kUnknown);
  EXPECT_EQ(read().faults(), 0U);
  EXPECT_EQ(received(a), 4'096U);
  EXPECT_EQ(received(service), std::nullopt);
}

TEST_F(Network, OfACgroupWithProcessesBelowItAloneIsNotGuessed) {
  process(300, "a", 77);
  cgroup("/system.slice", "", 3);
  cgroup("/system.slice/a.service", "300\n");
  const auto slice = attach("/system.slice", {}, NetworkMode::kUnknown);
  const auto service = attach("/system.slice/a.service", {}, NetworkMode::kUnknown);
  read();
  EXPECT_EQ(network_->ownership(slice), NetworkOwnership::kUnknown);
  EXPECT_EQ(received(service), 77U) << "PrivateNetwork=yes";
}

TEST_F(Network, ReadsAnotherProcessWhenTheFirstHasEnded) {
  process(101, "a", 10);
  cgroup("/a", "100\n101\n", 2);  // 100 ended after the list was written
  const auto a = attach("/a");
  read();
  EXPECT_EQ(received(a), 10U);
}

TEST_F(Network, ContinuesWithTheNextProcessWhenItsOwnEnds) {
  network_ = make(0);  // opens for each read, so that an end is noticed
  process(100, "a", 10);
  process(101, "a", 11);
  cgroup("/a", "100\n101\n", 2);
  const auto a = attach("/a", 100);
  read();
  EXPECT_EQ(received(a), 10U);
  EXPECT_EQ(network_->open_files(), 0U);
  host_.remove("proc/100");
  cgroup("/a", "101\n");
  read();
  EXPECT_EQ(received(a), 11U);
  host_.remove("proc/101");
  process(102, "a", 12);
  const ReadReport report = read();
  EXPECT_EQ(report.faults(), 0U) << "an end is no fault";
  cgroup("/a", "102\n");
  read();
  EXPECT_EQ(received(a), 12U);
}

TEST_F(Network, OfAnEmptiedCgroupIsLetGo) {
  process(100, "a", 10);
  cgroup("/a", "100\n");
  const auto a = attach("/a", 100);
  read();
  EXPECT_EQ(network_->open_files(), 1U);
  cgroup("/a", "", 0);
  read();
  EXPECT_EQ(network_->open_files(), 0U) << "an open file would keep the namespace alive";
  EXPECT_THAT(network_->interfaces(a), IsEmpty());
  EXPECT_EQ(network_->ownership(a), NetworkOwnership::kUnknown);
  process(101, "b", 20);
  cgroup("/a", "101\n", 1);
  network_->attach(a, {.cgroup = "/a", .init_pid = 101, .mode = NetworkMode::kOwn});  // restarted in the same cgroup
  read();
  EXPECT_EQ(received(a), 20U);
}

TEST_F(Network, IsCheckedAgainWhileAContainerIsSetUp) {
  process(100, "host", 1'000'000);  // the runtime's own process, before it enters its namespace
  cgroup("/a", "100\n");
  const auto a = attach("/a", 100);
  read();
  EXPECT_EQ(network_->ownership(a), NetworkOwnership::kHost);
  EXPECT_THAT(network_->interfaces(a), IsEmpty()) << "never the host's traffic";
  process(100, "a", 10);
  read();
  EXPECT_EQ(received(a), 10U);
}

TEST_F(Network, IsCheckedAgainInASlowPass) {
  process(100, "host", 1'000'000);
  cgroup("/a", "100\n");
  const auto a = attach("/a", 100);
  for (int i = 0; i < 15; ++i) {
    read();
  }
  process(100, "a", 10);
  read();
  EXPECT_EQ(network_->ownership(a), NetworkOwnership::kHost) << "not every second for ever";
  read(true);
  EXPECT_EQ(received(a), 10U);
}

// stat() of /proc/PID/ns/net needs ptrace rights. Here: a link that leads nowhere else.
TEST_F(Network, WithoutPermissionIsTakenFromWhatTheRuntimeSays) {
  const auto forbid = [&](int pid) {
    const std::string link = "proc/" + std::to_string(pid) + "/ns/net";
    std::filesystem::remove(host_.path(link));
    std::filesystem::create_symlink("net", host_.path(link));  // ELOOP: an error that is not "gone"
  };
  for (const int pid : {100, 200, 300}) {
    process(pid, "x" + std::to_string(pid), static_cast<std::uint64_t>(pid));
    forbid(pid);
  }
  cgroup("/own", "100\n");
  cgroup("/host", "200\n");
  cgroup("/service", "300\n");
  const auto own = attach("/own", 100, NetworkMode::kOwn);
  const auto hosts = attach("/host", 200, NetworkMode::kHost);
  const auto service = attach("/service", {}, NetworkMode::kUnknown);
  const ReadReport report = read();
  EXPECT_EQ(received(own), 100U) << "its own: the runtime made it one";
  EXPECT_THAT(network_->interfaces(hosts), IsEmpty());
  EXPECT_THAT(network_->interfaces(service), IsEmpty()) << "nobody names its owner";
  EXPECT_EQ(report.denied, 0U) << "the message names what really failed";
  EXPECT_EQ(report.io, 2U);
  EXPECT_THAT(report.first_fault, StartsWith(host_.path("proc/200/ns/net") + ": Too many levels"));
}

TEST_F(Network, CountsATextThatIsNotAsDocumented) {
  process(100, "a", 10);
  host_.file("proc/100/net/dev", net_dev(10) + "  eth1: 1 2 3\n");
  cgroup("/a", "100\n");
  const auto a = attach("/a", 100);
  const ReadReport report = read();
  EXPECT_EQ(report.malformed, 1U);
  EXPECT_EQ(report.first_fault, host_.path("proc/100/net/dev") + ": not as the kernel documents it");
  EXPECT_EQ(received(a), 10U) << "the other rows count";
}

TEST_F(Network, IsReadAlsoBeyondTheLimitOnOpenFiles) {
  network_ = make(1);
  std::vector<StatsSource::Handle> handles;
  for (int i = 0; i < 3; ++i) {
    const std::string name = "n" + std::to_string(i);
    process(100 + i, name, static_cast<std::uint64_t>(i) + 1);
    cgroup("/" + name, std::to_string(100 + i) + "\n");
    handles.push_back(attach("/" + name));
  }
  for (int i = 0; i < 15; ++i) {
    read(i == 0);
    for (std::size_t h = 0; h < handles.size(); ++h) {
      EXPECT_EQ(received(handles[h]), h + 1);
    }
  }
  EXPECT_EQ(network_->open_files(), 1U);
}

// The kernel's own files, if this process is allowed to see them.
TEST(NetworkOfThisMachine, IsTheHostsForTheHost) {
  HostBuilder host;
  mount_v2(host);
  const auto source = source_on(host);
  HostRoot root;
  NetworkSource network(root, *source, 10, [](const std::string&) { return false; });
  const auto handle = source->attach("/");
  network.attach(handle, {.cgroup = "/", .init_pid = {}, .is_root = true});
  pass(*source, true);
  const ReadReport report = network.read(true);
  EXPECT_EQ(report.faults(), 0U) << report.first_fault;
  EXPECT_FALSE(network.interfaces(handle).empty());
}

}  // namespace
}  // namespace tallyman
