// What container runtimes use themselves, booked on whom they serve.
#include "collectors/model/process_facts.h"
#include "tests/collectors/sampling/processes/process_scan_fixture.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace tallyman {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kShim = "/usr/bin/containerd-shim-runc-v2";

class ProcessRuntimeTest : public ProcessScanTest {
 protected:
  ProcessRuntimeTest() {
    container("/docker/web", "0a1b", "172.17.0.2");
    processes_.set({.pid = 90});  // a host without any process has no report
  }

  void container(const std::string& id, const std::string& container_id, const std::string& address) {
    cgroup(id, WorkloadKind::kContainer);
    auto workload = std::make_shared<Workload>(*cgroups_[id]);
    workload->container_id = container_id;
    NetworkAttachment bridge;
    bridge.ip_address = address;
    workload->container.networks.push_back(bridge);
    cgroups_[id] = std::move(workload);
  }

  // Its arguments with a blank between two.
  void process(FakeProcess process, std::string command) {
    processes_.set(process);
    std::replace(command.begin(), command.end(), ' ', '\0');
    processes_.host.file("proc/" + std::to_string(process.pid) + "/cmdline", command + '\0');
  }
  void shim(std::uint64_t utime) {
    process({.pid = 20,
             .comm = "containerd-shim",
             .executable = kShim,
             .cgroup = "/system.slice/cron.service",
             .utime = utime,
             .stime = 2},
            std::string(kShim) + " -namespace moby -id 0a1b -address /run/c.sock");
    processes_.set({.pid = 25, .ppid = 20, .comm = "init", .cgroup = "/docker/web"});
  }
  void proxy(std::uint32_t pid) {
    process({.pid = pid, .comm = "docker-proxy", .executable = "/usr/sbin/docker-proxy", .resident_pages = 3},
            "/usr/sbin/docker-proxy -proto tcp -container-ip 172.17.0.2 -container-port 80");
  }

  // "containerd-shim 1 process 10 pages 5 ticks"
  std::vector<std::string> runtime(const std::string& id) const {
    const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    std::vector<std::string> lines;
    for (const RuntimeComponentStats& one : facts(id).runtime) {
      lines.push_back(one.component + ": " + std::to_string(one.processes) + " processes, " +
                      std::to_string(one.rss_bytes / page) + " pages, " + std::to_string(one.cpu_nsec / kNsecPerTick) +
                      " ticks");
    }
    return lines;
  }
};

TEST_F(ProcessRuntimeTest, ShimsAndProxiesAreTheContainersAndDaemonsTheHosts) {
  shim(3);
  proxy(21);
  proxy(22);
  process({.pid = 23, .comm = "dockerd", .executable = "/usr/sbin/dockerd", .utime = 40}, "dockerd -H fd://");
  processes_.set({.pid = 24, .ppid = 25, .cgroup = "/docker/web", .utime = 9});
  scan(1, true);
  EXPECT_THAT(runtime("/docker/web"), ElementsAre("containerd-shim: 1 processes, 10 pages, 5 ticks",
                                                  "docker-proxy: 2 processes, 6 pages, 0 ticks"));
  EXPECT_THAT(runtime("/"), ElementsAre("dockerd: 1 processes, 10 pages, 40 ticks"));
  EXPECT_THAT(runtime("/docker"), IsEmpty());
  // They stay where they run, too.
  EXPECT_EQ(facts("/system.slice/cron.service").processes, 1U);
  EXPECT_EQ(facts("/docker/web").processes, 2U);
}

// Copies of the runtime's programs in a container, and one that a user started.
TEST_F(ProcessRuntimeTest, APretenderIsBookedOnNobody) {
  container("/docker/evil", "2c3d", "172.17.0.3");
  const std::string says = " -namespace moby -id 0a1b -address /run/c.sock";
  process({.pid = 40,
           .comm = "containerd-shim",
           .executable = "/containerd-shim-evil",
           .cgroup = "/docker/evil",
           .utime = 500},
          "/containerd-shim-evil" + says);
  process({.pid = 41, .comm = "dockerd", .executable = "/dockerd", .cgroup = "/docker/evil", .utime = 500}, "/dockerd");
  process({.pid = 42, .comm = "docker-proxy", .executable = "/docker-proxy", .cgroup = "/docker/evil", .utime = 500},
          "/docker-proxy -container-ip 172.17.0.2");
  process({.pid = 43, .comm = "containerd-shim", .executable = "/home/x/containerd-shim", .utime = 500},
          "/home/x/containerd-shim" + says);
  shim(3);
  for (const int second : {1, 10}) {
    scan(second, true);
    EXPECT_THAT(runtime("/docker/web"), ElementsAre("containerd-shim: 1 processes, 10 pages, 5 ticks"));
    EXPECT_THAT(runtime("/"), IsEmpty());
    EXPECT_THAT(runtime("/docker/evil"), IsEmpty());
  }
}

TEST_F(ProcessRuntimeTest, ItGrowsAndDoesNotFallWhenAProcessEnds) {
  shim(3);
  proxy(21);
  scan(1, true);
  shim(13);
  processes_.end(21);
  scan(10, true);
  EXPECT_THAT(runtime("/docker/web"), ElementsAre("containerd-shim: 1 processes, 10 pages, 15 ticks",
                                                  "docker-proxy: 0 processes, 0 pages, 0 ticks"));
  processes_.end(20);
  scan(10, true);
  EXPECT_EQ(runtime("/docker/web")[0], "containerd-shim: 0 processes, 0 pages, 15 ticks");
}

TEST_F(ProcessRuntimeTest, WhatAShimUsedBeforeItsContainerIsKnownIsNotLost) {
  cgroup("/docker/web", WorkloadKind::kCgroup);  // the runtime's files are not read yet
  shim(3);
  scan(1, true);
  EXPECT_THAT(runtime("/docker/web"), IsEmpty());
  container("/docker/web", "0a1b", "172.17.0.2");
  scan(10, true);
  EXPECT_THAT(runtime("/docker/web"), ElementsAre("containerd-shim: 1 processes, 10 pages, 5 ticks"));
}

TEST_F(ProcessRuntimeTest, AnAddressThatTwoContainersHaveIsNobodys) {
  container("/docker/other", "2c3d", "172.17.0.2");
  shim(3);
  proxy(21);
  scan(1, true);
  EXPECT_THAT(runtime("/docker/web"), ElementsAre("containerd-shim: 1 processes, 10 pages, 5 ticks"));
  EXPECT_THAT(runtime("/docker/other"), IsEmpty());
}

TEST_F(ProcessRuntimeTest, AMonitorOfLxcIsKnownOnceItIsInItsCgroup) {
  container("/lxc.payload.db", "db", "");
  process({.pid = 30, .comm = "lxc-start", .executable = "/usr/bin/lxc-start", .utime = 4}, "lxc-start -n db");
  scan(1, true);
  EXPECT_THAT(runtime("/lxc.payload.db"), IsEmpty());
  process({.pid = 30, .comm = "lxc-start", .executable = "/usr/bin/lxc-start", .cgroup = "/lxc.monitor.db", .utime = 5},
          "[lxc monitor] /var/lib/lxc db");
  scan(1);
  scan(1);
  scan(1);
  EXPECT_THAT(runtime("/lxc.payload.db"), ElementsAre("lxc-monitor: 1 processes, 10 pages, 5 ticks"));
}

TEST_F(ProcessRuntimeTest, ARecreatedContainerBeginsAtZero) {
  shim(3);
  scan(1, true);
  processes_.end(20);
  auto recreated = std::make_shared<Workload>(*cgroups_["/docker/web"]);
  recreated->inode = 2;
  cgroups_["/docker/web"] = recreated;
  scan(10, true);
  EXPECT_THAT(runtime("/docker/web"), IsEmpty());
}

}  // namespace
}  // namespace tallyman
