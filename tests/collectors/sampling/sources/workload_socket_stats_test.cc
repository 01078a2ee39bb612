#include "collectors/sampling/sources/workload_socket_stats.h"

#include "tests/support/cgroup_trees.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <thread>

namespace tallyman {
namespace {

// A host made of files: each process has its sockstat, and the inode of a file as namespace.
class WorkloadSocketStatsTest : public ::testing::Test {
 protected:
  WorkloadSocketStatsTest() {
    mount_v2(host_);
    process(1, "host", 1);
    source_ = source_on(host_);
    networks_ = std::make_unique<NetworkSource>(host_.root(), *source_, 10, [](const std::string&) { return false; });
    workload_stats_ = make_workload_socket_stats(host_.root(), *source_, *networks_, {});
  }

  void process(int pid, const std::string& name_space, int tcp) {
    const std::string at = "proc/" + std::to_string(pid);
    if (!std::filesystem::exists(host_.path("namespaces/" + name_space))) {
      host_.file("namespaces/" + name_space, "");
    }
    host_.dir(at + "/ns");
    std::filesystem::remove(host_.path(at + "/ns/net"));
    std::filesystem::create_hard_link(host_.path("namespaces/" + name_space), host_.path(at + "/ns/net"));
    host_.file(at + "/net/dev", "eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n");
    host_.file(at + "/net/sockstat", "TCP: inuse " + std::to_string(tcp) + " tw 0\nUDP: inuse 0 mem 0\n");
  }

  StatsSource::Handle attach(const std::string& id, const std::string& procs) {
    host_.file(v2_path(id, "cgroup.procs"), procs);
    host_.file(v2_path(id, "pids.current"), procs.empty() ? "0\n" : "1\n");
    const auto handle = source_->attach(id);
    workloads_[handle].id = id;
    networks_->attach(handle, {.cgroup = id, .init_pid = {}, .is_root = id == "/"});
    workload_stats_->attach(handle, workloads_[handle]);
    return handle;
  }

  ReadReport read(bool slow) {
    pass(*source_, slow);
    networks_->read(slow);
    return workload_stats_->read(slow);
  }

  Count tcp(StatsSource::Handle handle) {
    Observation observation{workloads_[handle], source_->stats(handle), {}, nullptr, 0};
    workload_stats_->fill(handle, observation);
    return observation.sockets == nullptr ? Count() : observation.sockets->tcp;
  }

  // Passes, none of them slow, until it is so.
  bool becomes(StatsSource::Handle handle, Count expected) {
    for (int i = 0; i < 2'000; ++i) {
      if (tcp(handle) == expected) {
        return true;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      read(false);
    }
    return false;
  }

  HostBuilder host_;
  std::map<StatsSource::Handle, Workload> workloads_;
  std::unique_ptr<StatsSource> source_;
  std::unique_ptr<NetworkSource> networks_;
  std::unique_ptr<WorkloadStatsSource> workload_stats_;
};

TEST_F(WorkloadSocketStatsTest, FirstPassHasThemAll) {
  process(100, "a", 7);
  process(200, "host", 9);
  const auto root = attach("/", "1\n");
  const auto a = attach("/a", "100\n");
  const auto hosts = attach("/hosts", "200\n");
  const ReadReport report = read(true);
  EXPECT_EQ(report.faults(), 0U) << report.first_fault;
  EXPECT_GT(report.elsewhere_seconds, 0);
  EXPECT_EQ(tcp(root), 1U);
  EXPECT_EQ(tcp(a), 7U);
  EXPECT_EQ(tcp(hosts), std::nullopt) << "the host's are never a workload's; here they cannot be separated by cgroup";
}

TEST_F(WorkloadSocketStatsTest, LaterOnesAreReadInSlowPassesAndWhenTheyAreNew) {
  process(100, "a", 7);
  const auto a = attach("/a", "100\n");
  read(true);
  process(100, "a", 8);
  read(false);
  EXPECT_EQ(tcp(a), 7U) << "not every second";
  process(200, "b", 20);
  const auto b = attach("/b", "200\n");
  read(false);
  EXPECT_TRUE(becomes(b, 20U));
  EXPECT_EQ(tcp(a), 7U);
  read(true);
  EXPECT_TRUE(becomes(a, 8U));
}

TEST_F(WorkloadSocketStatsTest, EndWithTheNamespace) {
  process(100, "a", 7);
  const auto a = attach("/a", "100\n");
  read(true);
  EXPECT_EQ(tcp(a), 7U);
  host_.file(v2_path("/a", "cgroup.procs"), "");
  host_.file(v2_path("/a", "pids.current"), "0\n");
  read(false);
  EXPECT_EQ(tcp(a), std::nullopt) << "it has emptied: nothing is left of the old figures";
  process(101, "again", 3);
  host_.file(v2_path("/a", "cgroup.procs"), "101\n");
  host_.file(v2_path("/a", "pids.current"), "1\n");
  EXPECT_TRUE(becomes(a, 3U)) << "restarted in the same cgroup";
}

TEST_F(WorkloadSocketStatsTest, AreNotGivenToTheNextOwnerOfAHandle) {
  process(100, "a", 7);
  const auto a = attach("/a", "100\n");
  read(true);
  read(true);  // asked for again
  workload_stats_->detach(a);
  networks_->detach(a);
  source_->detach(a);
  const auto b = attach("/b", "");
  ASSERT_EQ(a, b);
  for (int i = 0; i < 20; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    read(false);
    EXPECT_EQ(tcp(b), std::nullopt);
  }
}

TEST_F(WorkloadSocketStatsTest, OfASharedNamespaceAreGivenOnce) {
  process(100, "pod", 7);
  process(200, "pod", 7);
  const auto a = attach("/a", "100\n");
  const auto b = attach("/b", "200\n");
  read(true);
  EXPECT_EQ(tcp(a), 7U);
  EXPECT_EQ(tcp(b), std::nullopt);
}

}  // namespace
}  // namespace tallyman
