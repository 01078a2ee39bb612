// What happens between passes: intervals, files that come and go, OOM kills
// added up on v1, and the limit on open files.
#include "collectors/kernel/cgroup/file_stats_source.h"

#include "tests/support/cgroup_trees.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace tallyman {
namespace {

constexpr auto kAbsentField = std::nullopt;
constexpr std::string_view kCgroup = "/docker/12f5";

void passes(StatsSource& source, int count) {
  for (int i = 0; i < count; ++i) {
    EXPECT_EQ(pass(source, false).faults(), 0U);
  }
}

TEST(FileStatsPasses, SlowKindsKeepTheirValuesBetweenSlowPasses) {
  HostBuilder host;
  mount_hybrid(host);
  record_hybrid_container(host, kCgroup);
  const auto source = source_on(host);
  const auto handle = source->attach(std::string(kCgroup));
  passes(*source, 3);  // a new cgroup's limits are read in every pass
  EXPECT_EQ(source->stats(handle).limits.memory_max, 67'108'864U);
  host.file(v1_path("memory", kCgroup, "memory.limit_in_bytes"), "1048576\n");
  host.file(v1_path("pids", kCgroup, "pids.max"), "max\n").file(v1_path("pids", kCgroup, "pids.current"), "9\n");
  host.file(v1_path("memory", kCgroup, "memory.kmem.usage_in_bytes"), "4096\n");
  host.file(v1_path("memory", kCgroup, "memory.usage_in_bytes"), "8192\n");
  passes(*source, 1);
  EXPECT_EQ(source->stats(handle).limits.memory_max, 67'108'864U);
  EXPECT_EQ(source->stats(handle).pids.max, 50U);
  EXPECT_EQ(source->stats(handle).memory.kernel, 266'240U);
  EXPECT_EQ(source->stats(handle).pids.current, 9U) << "what changes every second is read every time";
  EXPECT_EQ(source->stats(handle).memory.current, 8'192U);
  pass(*source, true);
  EXPECT_EQ(source->stats(handle).limits.memory_max, 1'048'576U);
  EXPECT_EQ(source->stats(handle).pids.max, kUnlimited);
  EXPECT_EQ(source->stats(handle).memory.kernel, 4'096U);
}

TEST(FileStatsPasses, ANewCgroupsLimitsMayStillBeOnTheirWay) {
  HostBuilder host;
  mount_v2(host);
  record_v2_container(host, kCgroup);
  host.file(v2_path(kCgroup, "memory.max"), "max\n");
  const auto source = source_on(host);
  const auto handle = source->attach(std::string(kCgroup));
  passes(*source, 1);
  EXPECT_EQ(source->stats(handle).limits.memory_max, kUnlimited);
  host.file(v2_path(kCgroup, "memory.max"), "67108864\n");  // the runtime writes it after mkdir
  passes(*source, 1);
  EXPECT_EQ(source->stats(handle).limits.memory_max, 67'108'864U);
}

TEST(FileStatsPasses, AMissingFileIsAbsentUntilASlowPassFindsIt) {
  HostBuilder host;
  mount_v2(host);
  record_v2_container(host, kCgroup);
  host.remove(v2_path(kCgroup, "io.stat")).remove(v2_path(kCgroup, "memory.peak"));
  host.remove(v2_path(kCgroup, "pids.current"));
  const auto source = source_on(host);
  const auto handle = source->attach(std::string(kCgroup));
  passes(*source, 4);
  EXPECT_EQ(source->stats(handle).memory.peak, kAbsentField);
  EXPECT_EQ(source->stats(handle).pids.current, kAbsentField);
  EXPECT_EQ(source->stats(handle).memory.current, 114'688U) << "the others count";
  EXPECT_FALSE(source->gone(handle)) << "a file that a live cgroup lacks";
  host.file(v2_path(kCgroup, "pids.current"), "3\n").file(v2_path(kCgroup, "io.stat"), "254:0 rbytes=1\n");
  passes(*source, 1);
  EXPECT_EQ(source->stats(handle).pids.current, kAbsentField);
  pass(*source, true);
  EXPECT_EQ(source->stats(handle).pids.current, 3U);
  EXPECT_EQ(source->stats(handle).io.size(), 1U);
}

TEST(FileStatsPasses, QuotaDecidesAboutTheCfsFieldsOnBothVersions) {
  for (const bool v2 : {false, true}) {
    HostBuilder host;
    v2 ? mount_v2(host) : mount_v1(host);
    v2 ? record_v2_container(host, kCgroup) : record_v1_container(host, kCgroup);
    const auto set_quota = [&](bool limited) {
      v2 ? host.file(v2_path(kCgroup, "cpu.max"), limited ? "20000 100000\n" : "max 100000\n")
         : host.file(v1_path("cpu", kCgroup, "cpu.cfs_quota_us"), limited ? "20000\n" : "-1\n");
    };
    const auto source = source_on(host);
    const auto handle = source->attach(std::string(kCgroup));
    set_quota(false);
    pass(*source, true);
    EXPECT_EQ(source->stats(handle).cpu.nr_periods, kAbsentField) << "v2: " << v2;
    EXPECT_EQ(source->stats(handle).cpu.throttled_nsec, kAbsentField);
    EXPECT_NE(source->stats(handle).cpu.usage_nsec, kAbsentField);
    set_quota(true);
    pass(*source, true);
    EXPECT_EQ(source->stats(handle).cpu.nr_periods, v2 ? 101U : 38U);
    set_quota(false);
    pass(*source, true);
    EXPECT_EQ(source->stats(handle).cpu.nr_periods, kAbsentField) << "the quota was lifted";
  }
}

class FileStatsBudget : public ::testing::TestWithParam<bool> {};

TEST_P(FileStatsBudget, AFewOpenFilesGiveTheSameStats) {
  HostBuilder host;
  GetParam() ? mount_v2(host) : mount_hybrid(host);
  GetParam() ? record_v2_container(host, kCgroup) : record_hybrid_container(host, kCgroup);
  const auto plenty = source_on(host);
  const auto scarce = source_on(host, 3);
  const auto a = plenty->attach(std::string(kCgroup));
  const auto b = scarce->attach(std::string(kCgroup));
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(pass(*plenty, i == 0).faults(), 0U);
    EXPECT_EQ(pass(*scarce, i == 0).faults(), 0U);
    const CgroupStats& x = plenty->stats(a);
    const CgroupStats& y = scarce->stats(b);
    EXPECT_EQ(x.cpu.usage_nsec, y.cpu.usage_nsec);
    EXPECT_EQ(x.cpu.user_nsec, y.cpu.user_nsec);
    EXPECT_EQ(x.cpu.nr_throttled, y.cpu.nr_throttled);
    EXPECT_EQ(x.cpu.usage_percpu_nsec, y.cpu.usage_percpu_nsec);
    EXPECT_EQ(x.memory.current, y.memory.current);
    EXPECT_EQ(x.memory.anon, y.memory.anon);
    EXPECT_EQ(x.memory.peak, y.memory.peak);
    EXPECT_EQ(x.memory_events.failcnt, y.memory_events.failcnt);
    EXPECT_EQ(x.memory_events.oom_kill, y.memory_events.oom_kill);
    EXPECT_EQ(x.pids.current, y.pids.current);
    EXPECT_EQ(x.cpu_pressure.some_usec, y.cpu_pressure.some_usec);
    EXPECT_EQ(x.io_pressure.full_usec, y.io_pressure.full_usec);
    EXPECT_EQ(x.limits.memory_max, y.limits.memory_max);
    EXPECT_NE(y.pids.current, kAbsentField);
  }
  EXPECT_FALSE(plenty->reopens_files());
  EXPECT_TRUE(scarce->reopens_files());
  EXPECT_EQ(scarce->open_files(), 3U);
  EXPECT_EQ(scarce->open_files_limit(), 3U);
  EXPECT_GE(plenty->open_files(), 10U);
  EXPECT_LE(plenty->open_files(), 15U) << "what is read slowly is not kept open";
  plenty->detach(a);
  scarce->detach(b);
  EXPECT_EQ(plenty->open_files(), 0U);
  EXPECT_EQ(scarce->open_files(), 0U);
}

INSTANTIATE_TEST_SUITE_P(BothVersions, FileStatsBudget, ::testing::Bool(),
                         [](const auto& param) { return param.param ? "V2" : "Hybrid"; });

TEST(FileStatsPasses, FilesOfTheDetachedMakeRoomForOthers) {
  HostBuilder host;
  mount_v2(host);
  record_v2_container(host, "/a");
  record_v2_container(host, "/b");
  const auto source = source_on(host, 12);
  const auto a = source->attach("/a");
  pass(*source, false);
  source->detach(a);
  const auto b = source->attach("/b");
  pass(*source, false);
  EXPECT_EQ(b, a) << "handles are given out again";
  EXPECT_EQ(source->stats(b).cpu.usage_nsec, 2'038'282'000U);
  EXPECT_GT(source->open_files(), 0U);
}

TEST(FileStatsPasses, FindsProcessesInWhicheverHierarchyHasThem) {
  HostBuilder host;
  mount_hybrid(host);
  record_hybrid_container(host, kCgroup);
  const auto source = source_on(host);
  const auto handle = source->attach(std::string(kCgroup));
  EXPECT_THAT(source->processes(handle).value(), ::testing::ElementsAre(9'838U));
  host.file(v1_path("memory", kCgroup, "cgroup.procs"), "");
  host.file(unified_path(kCgroup, "cgroup.procs"), "4\n5\n");
  EXPECT_THAT(source->processes(handle).value(), ::testing::ElementsAre(4U, 5U));
  for (const char* controller : {"cpu", "cpuacct", "blkio", "pids", "cpuset"}) {
    host.file(v1_path(controller, kCgroup, "cgroup.procs"), "");
  }
  host.remove(unified_path(kCgroup));
  EXPECT_TRUE(source->processes(handle).value().empty()) << "no process is not no cgroup";
  remove_v1_cgroup(host, kCgroup);
  EXPECT_FALSE(source->processes(handle));
}

class OomKills : public ::testing::Test {
 protected:
  OomKills() {
    mount_v1(host_);
    for (const auto& [path, kills] : std::map<std::string, int>{{"/", 0}, {"/a", 1}, {"/a/b", 2}, {"/a-c", 5}}) {
      for (const char* controller : {"cpu", "cpuacct", "memory", "blkio", "pids", "cpuset"}) {
        host_.file(v1_path(controller, path, "cgroup.procs"), "");
      }
      set(path, kills);
    }
    source_ = source_on(host_, 0);  // opens for each read, so that a directory can go away
    for (const char* path : {"/", "/a", "/a-c", "/a/b"}) {
      handles_[path] = source_->attach(path);
    }
  }

  void set(std::string_view path, int kills) {
    host_.file(v1_path("memory", path, "memory.oom_control"),
               "oom_kill_disable 0\nunder_oom 0\noom_kill " + std::to_string(kills) + "\n");
  }
  Count kills(const std::string& path) { return source_->stats(handles_.at(path)).memory_events.oom_kill; }
  void detach(const std::string& path) {
    source_->detach(handles_.at(path));
    handles_.erase(path);
  }

  HostBuilder host_;
  std::unique_ptr<StatsSource> source_;
  std::map<std::string, StatsSource::Handle> handles_;
};

TEST_F(OomKills, AreSummedOverAllCgroupsBelow) {
  for (int i = 0; i < 3; ++i) {  // not more with each pass
    pass(*source_, i == 0);
    EXPECT_EQ(kills("/a/b"), 2U);
    EXPECT_EQ(kills("/a"), 3U);
    EXPECT_EQ(kills("/a-c"), 5U) << "sorts between /a and /a/b, and belongs to neither";
    EXPECT_EQ(kills("/"), 8U);
  }
  set("/a/b", 4);
  pass(*source_, false);
  EXPECT_EQ(kills("/a/b"), 4U);
  EXPECT_EQ(kills("/a"), 5U);
  EXPECT_EQ(kills("/"), 10U);
}

TEST_F(OomKills, DoNotFallWhenACgroupIsRemoved) {
  pass(*source_, true);
  detach("/a/b");
  pass(*source_, false);
  EXPECT_EQ(kills("/a"), 3U);
  EXPECT_EQ(kills("/"), 8U);
  detach("/a");
  detach("/a-c");
  pass(*source_, false);
  EXPECT_EQ(kills("/"), 8U);
}

TEST_F(OomKills, AreNotCountedTwiceWhenAParentIsRemovedBeforeItsChild) {
  pass(*source_, true);
  detach("/a");  // the order in which a sorted list of paths is detached
  detach("/a/b");
  pass(*source_, false);
  EXPECT_EQ(kills("/"), 8U);
}

TEST_F(OomKills, DoNotFallWhenACgroupVanishesInMidPass) {
  pass(*source_, true);
  source_->begin_pass(false);
  remove_v1_cgroup(host_, "/a/b");
  source_->read(CgroupStatsKind::kMemoryEvents);  // the very file is what says so
  source_->end_pass();
  EXPECT_TRUE(source_->gone(handles_.at("/a/b")));
  EXPECT_EQ(kills("/a"), 3U);
  EXPECT_EQ(kills("/"), 8U);
  detach("/a/b");
  pass(*source_, false);
  EXPECT_EQ(kills("/a"), 3U);
  EXPECT_EQ(kills("/"), 8U);
}

TEST_F(OomKills, RestartForARecreatedCgroup) {
  pass(*source_, true);
  detach("/a/b");
  set("/a/b", 0);
  handles_["/a/b"] = source_->attach("/a/b");
  pass(*source_, false);
  EXPECT_EQ(kills("/a/b"), 0U);
  EXPECT_EQ(kills("/a"), 3U) << "what happened has happened";
  EXPECT_EQ(kills("/"), 8U);
}

TEST_F(OomKills, OfAnUnreadableChildAreThoseLastRead) {
  pass(*source_, true);
  host_.file(v1_path("memory", "/a/b", "memory.oom_control"), "oom_kill 1844674407370955161600\n");
  EXPECT_EQ(pass(*source_, false).malformed, 1U);
  EXPECT_EQ(kills("/a/b"), kAbsentField);
  EXPECT_EQ(kills("/a"), 3U) << "its own counter must not fall";
}

TEST(FileStatsPasses, V2HasSummedTheOomKillsItself) {
  HostBuilder host;
  mount_v2(host);
  record_v2_container(host, "/a");
  record_v2_container(host, "/a/b");
  host.file(v2_path("/a", "memory.events"), "low 0\nhigh 0\nmax 7\noom 3\noom_kill 3\n");
  host.file(v2_path("/a/b", "memory.events"), "low 0\nhigh 0\nmax 0\noom 2\noom_kill 2\n");
  const auto source = source_on(host);
  const auto a = source->attach("/a");
  const auto b = source->attach("/a/b");
  passes(*source, 2);
  EXPECT_EQ(source->stats(a).memory_events.oom_kill, 3U);
  EXPECT_EQ(source->stats(a).memory_events.failcnt, 7U);
  EXPECT_EQ(source->stats(b).memory_events.oom_kill, 2U);
}

}  // namespace
}  // namespace tallyman
