// Every field from files as real kernels write them; the figures were checked by hand.
#include "collectors/kernel/cgroup/file_stats_source.h"

#include "tests/support/cgroup_trees.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace tallyman {
namespace {

using ::testing::ElementsAre;

constexpr auto kAbsentField = std::nullopt;
constexpr std::string_view kCgroup = "/docker/12f5";

// "file N0=127", "hierarchical file N0=127"
std::vector<std::string> spelled(const std::vector<NumaStats>& rows) {
  std::vector<std::string> texts;
  for (const NumaStats& row : rows) {
    texts.push_back((row.hierarchical ? "hierarchical " : "") + row.type + " N" + std::to_string(row.node) + "=" +
                    std::to_string(row.pages));
  }
  return texts;
}

class FileStats : public ::testing::Test {
 protected:
  void on_v1() {
    mount_v1(host_);
    record_v1_container(host_, kCgroup);
    attach();
  }
  void on_hybrid() {
    mount_hybrid(host_);
    record_hybrid_container(host_, kCgroup);
    attach();
  }
  void on_v2() {
    mount_v2(host_);
    record_v2_container(host_, kCgroup);
    attach();
  }
  void attach() {
    source_ = source_on(host_);
    handle_ = source_->attach(std::string(kCgroup));
  }
  const CgroupStats& sampled(bool slow = true) {
    const ReadReport report = pass(*source_, slow);
    EXPECT_EQ(report.faults(), 0U) << report.first_fault;
    return source_->stats(handle_);
  }

  HostBuilder host_;
  std::unique_ptr<StatsSource> source_;
  StatsSource::Handle handle_ = 0;
};

TEST_F(FileStats, ReadsTheCpuOnHybrid) {
  on_hybrid();
  const CpuStats& cpu = sampled().cpu;
  EXPECT_EQ(cpu.usage_nsec, 1'331'340'699U);
  EXPECT_EQ(cpu.user_nsec, 1'270'000'000U) << "127 ticks of 10 ms";
  EXPECT_EQ(cpu.system_nsec, 40'000'000U);
  EXPECT_EQ(cpu.nr_periods, 38U);
  EXPECT_EQ(cpu.nr_throttled, 35U);
  EXPECT_EQ(cpu.throttled_nsec, 2'095'329'639U);
  EXPECT_EQ(cpu.nr_bursts, 0U);
  EXPECT_EQ(cpu.burst_nsec, 0U);
  EXPECT_THAT(cpu.usage_percpu_nsec, ElementsAre(1'217'989'539U, 94'229'350U));
}

TEST_F(FileStats, ReadsTheMemoryOnHybrid) {
  on_hybrid();
  const MemoryStats& memory = sampled().memory;
  EXPECT_EQ(memory.current, 1'290'240U);
  EXPECT_EQ(memory.peak, 5'132'288U);
  EXPECT_EQ(memory.swap_current, 0U);
  EXPECT_EQ(memory.anon, 61'440U);
  EXPECT_EQ(memory.file, 520'192U);
  EXPECT_EQ(memory.kernel, 266'240U);
  EXPECT_EQ(memory.shmem, 0U);
  EXPECT_EQ(memory.file_mapped, 188'416U);
  EXPECT_EQ(memory.file_dirty, 0U);
  EXPECT_EQ(memory.file_writeback, 0U);
  EXPECT_EQ(memory.inactive_file, 462'848U);
  EXPECT_EQ(memory.active_file, 57'344U);
  EXPECT_EQ(memory.pgfault, 1'359U);
  EXPECT_EQ(memory.pgfault_local, 1'359U);
  EXPECT_EQ(memory.pgmajfault, 1U);
  EXPECT_EQ(memory.pgmajfault_local, 1U);
  EXPECT_EQ(memory.workingset_refault_file, 127U);
  EXPECT_EQ(memory.workingset_refault_anon, 0U);
  for (const Count& only_v2 :
       {memory.sock, memory.slab_reclaimable, memory.slab_unreclaimable, memory.pgscan, memory.pgsteal}) {
    EXPECT_EQ(only_v2, kAbsentField);
  }
}

TEST_F(FileStats, SeparatesACgroupFromItsDescendantsOnV1) {
  on_v1();
  host_.file(v1_path("memory", kCgroup, "memory.stat"),
             "cache 1\nrss 2\npgfault 3\npgmajfault 4\ntotal_cache 10\ntotal_rss 20\ntotal_pgfault 30\n"
             "total_pgmajfault 40\n");
  const MemoryStats& memory = sampled().memory;
  EXPECT_EQ(memory.file, 10U);
  EXPECT_EQ(memory.anon, 20U);
  EXPECT_EQ(memory.pgfault, 30U);
  EXPECT_EQ(memory.pgfault_local, 3U);
  EXPECT_EQ(memory.pgmajfault, 40U);
  EXPECT_EQ(memory.pgmajfault_local, 4U);
}

TEST_F(FileStats, ReadsTheRestOnHybrid) {
  on_hybrid();
  const CgroupStats& stats = sampled();
  EXPECT_EQ(stats.memory_events.failcnt, 0U);
  EXPECT_EQ(stats.memory_events.max, 0U);
  EXPECT_EQ(stats.memory_events.oom_kill, 0U);
  EXPECT_EQ(stats.memory_events.high, kAbsentField);
  EXPECT_TRUE(stats.io.empty()) << "\"Total 0\": nothing was accounted";
  EXPECT_EQ(stats.pids.current, 1U);
  EXPECT_EQ(stats.pids.max, 50U);
  EXPECT_EQ(stats.limits.cpu_quota_usec, 30'000U);
  EXPECT_EQ(stats.limits.cpu_period_usec, 100'000U);
  EXPECT_EQ(stats.limits.cpu_shares, 1'024U);
  EXPECT_EQ(stats.limits.memory_max, 67'108'864U);
  EXPECT_EQ(stats.limits.swap_max, 67'108'864U) << "v1's limit is of memory and swap together";
  EXPECT_EQ(stats.limits.memory_low, kUnlimited) << "PAGE_COUNTER_MAX";
  EXPECT_EQ(stats.limits.memory_high, kAbsentField);
  EXPECT_EQ(stats.cpuset.effective_cpus, 2U);
  EXPECT_EQ(stats.cpuset.memory_migrate, 0U);
  EXPECT_TRUE(stats.hugetlb.empty()) << "not enabled for this cgroup";
  EXPECT_THAT(spelled(stats.numa),
              ElementsAre("file N0=127", "anon N0=15", "unevictable N0=0", "hierarchical file N0=127",
                          "hierarchical anon N0=15", "hierarchical unevictable N0=0"));
}

TEST_F(FileStats, ReadsPressureFromTheUnifiedTreeOnHybrid) {
  on_hybrid();
  const CgroupStats& stats = sampled();
  EXPECT_EQ(stats.cpu_pressure.some_usec, 4'429'840U);
  EXPECT_EQ(stats.cpu_pressure.full_usec, 4'422'240U);
  EXPECT_EQ(stats.memory_pressure.some_usec, 0U);
  EXPECT_EQ(stats.io_pressure.some_usec, 289U);
  EXPECT_EQ(stats.io_pressure.full_usec, 289U);
  EXPECT_EQ(stats.irq_pressure.full_usec, kAbsentField);
}

TEST_F(FileStats, HasNoPressureOnPlainV1) {
  on_v1();
  const CgroupStats& stats = sampled();
  EXPECT_EQ(stats.cpu_pressure.some_usec, kAbsentField);
  EXPECT_EQ(stats.cpu.usage_nsec, 1'331'340'699U);
}

TEST_F(FileStats, ReadsCpuAndMemoryOnV2) {
  on_v2();
  const CgroupStats& stats = sampled();
  EXPECT_EQ(stats.cpu.usage_nsec, 2'038'282'000U);
  EXPECT_EQ(stats.cpu.user_nsec, 2'007'502'000U);
  EXPECT_EQ(stats.cpu.system_nsec, 30'779'000U);
  EXPECT_EQ(stats.cpu.nr_periods, 101U);
  EXPECT_EQ(stats.cpu.nr_throttled, 101U);
  EXPECT_EQ(stats.cpu.throttled_nsec, 6'170'797'000U);
  EXPECT_EQ(stats.cpu.nr_bursts, 0U);
  EXPECT_EQ(stats.cpu.burst_nsec, 0U);
  EXPECT_TRUE(stats.cpu.usage_percpu_nsec.empty()) << "v2 does not keep it";
  const MemoryStats& memory = stats.memory;
  EXPECT_EQ(memory.current, 114'688U);
  EXPECT_EQ(memory.peak, 311'296U);
  EXPECT_EQ(memory.swap_current, 0U);
  EXPECT_EQ(memory.anon, 57'344U);
  EXPECT_EQ(memory.file, 0U);
  EXPECT_EQ(memory.kernel, 57'344U);
  EXPECT_EQ(memory.sock, 0U);
  EXPECT_EQ(memory.slab_reclaimable, 1'824U);
  EXPECT_EQ(memory.slab_unreclaimable, 4'968U);
  EXPECT_EQ(memory.inactive_file, 0U);
  EXPECT_EQ(memory.pgfault, 44U);
  EXPECT_EQ(memory.pgfault_local, kAbsentField) << "v2 does not count it";
  EXPECT_EQ(memory.pgscan, 0U);
}

TEST_F(FileStats, ReadsTheRestOnV2) {
  host_.dir("sys/kernel/mm/hugepages/hugepages-2048kB").dir("sys/kernel/mm/hugepages/hugepages-1048576kB");
  on_v2();
  const CgroupStats& stats = sampled();
  EXPECT_EQ(stats.memory_events.max, 0U);
  EXPECT_EQ(stats.memory_events.failcnt, 0U);
  EXPECT_EQ(stats.memory_events.high, 0U);
  EXPECT_EQ(stats.memory_events.oom_kill, 0U);
  EXPECT_TRUE(stats.io.empty()) << "an empty io.stat is no fault";
  EXPECT_EQ(stats.pids.current, 1U);
  EXPECT_EQ(stats.pids.max, 50U);
  EXPECT_EQ(stats.limits.cpu_quota_usec, 20'000U);
  EXPECT_EQ(stats.limits.cpu_period_usec, 100'000U);
  EXPECT_EQ(stats.limits.cpu_weight, 100U);
  EXPECT_FALSE(stats.limits.cpu_shares) << "that is v1's";
  EXPECT_EQ(stats.limits.memory_max, 67'108'864U);
  EXPECT_EQ(stats.limits.memory_high, kUnlimited);
  EXPECT_EQ(stats.limits.memory_low, kUnlimited) << "0 is \"none\" on v2";
  EXPECT_EQ(stats.limits.swap_max, kUnlimited);
  EXPECT_EQ(stats.cpuset.effective_cpus, 1U);
  EXPECT_EQ(stats.cpu_pressure.full_usec, 8'234'251U);
  ASSERT_EQ(stats.hugetlb.size(), 1U) << "no files of 1 GB pages";
  EXPECT_EQ(stats.hugetlb[0].page_size, "2MB");
  EXPECT_EQ(stats.hugetlb[0].current, 0U);
  EXPECT_EQ(stats.hugetlb[0].failcnt, 0U);
  EXPECT_EQ(stats.hugetlb[0].max_usage, kAbsentField);
  const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  EXPECT_THAT(spelled(stats.numa), ElementsAre("hierarchical anon N0=" + std::to_string(57'344 / page),
                                               "hierarchical file N0=0", "hierarchical unevictable N0=0"));
}

TEST_F(FileStats, ReadsTheRootOfV2WhichHasFewerFiles) {
  mount_v2(host_);
  host_.file(v2_path("/", "cpu.stat"), "usage_usec 5028000\nuser_usec 1084000\nsystem_usec 3944000\n");
  host_.file(v2_path("/", "memory.stat"), "anon 1400832\nfile 38076416\nkernel 299008\nshmem 38076416\n");
  source_ = source_on(host_);
  handle_ = source_->attach("/");
  const CgroupStats& stats = sampled();
  EXPECT_EQ(stats.cpu.usage_nsec, 5'028'000'000U);
  EXPECT_EQ(stats.memory.current, 1'400'832U + 38'076'416U) << "no memory.current at the root";
  EXPECT_EQ(stats.pids.current, kAbsentField);
  EXPECT_EQ(stats.memory_events.oom_kill, kAbsentField);
  EXPECT_EQ(stats.limits.memory_max, kAbsentField);
  EXPECT_FALSE(source_->gone(handle_));
}

TEST_F(FileStats, ReadsHugePagesFromTheUnifiedTreeOfAHybridHost) {
  host_.dir("sys/kernel/mm/hugepages/hugepages-2048kB").dir("sys/kernel/mm/hugepages/hugepages-64kB");
  mount_hybrid(host_);
  record_hybrid_container(host_, kCgroup);
  host_.file(unified_path(kCgroup, "hugetlb.2MB.current"), "4194304\n");
  host_.file(unified_path(kCgroup, "hugetlb.2MB.events"), "max 3\n");
  host_.file(unified_path(kCgroup, "hugetlb.64KB.current"), "65536\n");
  attach();
  const CgroupStats& stats = sampled();
  ASSERT_EQ(stats.hugetlb.size(), 2U);
  EXPECT_EQ(stats.hugetlb[0].page_size, "2MB");
  EXPECT_EQ(stats.hugetlb[0].current, 4'194'304U);
  EXPECT_EQ(stats.hugetlb[0].failcnt, 3U);
  EXPECT_EQ(stats.hugetlb[1].page_size, "64KB");
  EXPECT_EQ(stats.hugetlb[1].failcnt, kAbsentField);
}

TEST_F(FileStats, NamesTheDevicesOfBothVersions) {
  const std::string uevent = "MAJOR=254\nMINOR=0\nDEVNAME=vda\nDEVTYPE=disk\nDISKSEQ=9\n";
  host_.file("sys/dev/block/254:0/uevent", uevent).file("sys/dev/block/253:0/uevent", "DEVNAME=dm-0\n");
  on_hybrid();
  host_.file(v1_path("blkio", kCgroup, "blkio.throttle.io_service_bytes_recursive"),
             "254:0 Read 4096\n254:0 Write 67108864\n254:0 Sync 67112960\n254:0 Async 0\n254:0 Discard 0\n"
             "254:0 Total 67112960\n7:9 Read 1\nTotal 67112961\n");
  host_.file(v1_path("blkio", kCgroup, "blkio.throttle.io_serviced_recursive"),
             "254:0 Read 1\n254:0 Write 130\nTotal 131\n");
  const std::vector<IoDeviceStats> rows = sampled().io;
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].device, "/dev/vda");
  EXPECT_EQ(rows[0].rbytes, 4'096U);
  EXPECT_EQ(rows[0].wbytes, 67'108'864U);
  EXPECT_EQ(rows[0].dbytes, 0U);
  EXPECT_EQ(rows[0].sync_bytes, 67'112'960U);
  EXPECT_EQ(rows[0].total_bytes, 67'112'960U);
  EXPECT_EQ(rows[0].rios, 1U);
  EXPECT_EQ(rows[0].wios, 130U);
  EXPECT_EQ(rows[1].device, "") << "7:9 is not in sysfs";
  EXPECT_EQ(rows[1].rbytes, 1U);
  host_.file("sys/dev/block/7:9/uevent", "DEVNAME=loop9\n");
  EXPECT_EQ(sampled(false).io[1].device, "") << "asked again in a slow pass only";
  EXPECT_EQ(sampled(true).io[1].device, "/dev/loop9");
}

constexpr const char* kBytesOfTwo = "8:0 Read 4096\n8:0 Write 8192\nTotal 12288\n";

// On kernels with BFQ, with CFQ, and before Linux 4.16.
TEST_F(FileStats, ReadsTheBlockIoOfOtherV1Kernels) {
  struct Case {
    const char* bytes;
    const char* operations;
  };
  const Case cases[] = {{"blkio.bfq.io_service_bytes_recursive", "blkio.bfq.io_serviced_recursive"},
                        {"blkio.io_service_bytes_recursive", "blkio.io_serviced_recursive"},
                        {"blkio.throttle.io_service_bytes", "blkio.throttle.io_serviced"}};
  for (const Case& one : cases) {
    HostBuilder host;
    mount_v1(host);
    for (const char* cgroup : {"/", "/docker/a"}) {
      host.file(v1_path("blkio", cgroup, "cgroup.procs"), "");
      host.file(v1_path("blkio", cgroup, one.bytes), kBytesOfTwo);
      host.file(v1_path("blkio", cgroup, one.operations), "8:0 Read 1\n8:0 Write 2\nTotal 3\n");
    }
    const auto source = source_on(host);
    const auto handle = source->attach("/docker/a");
    for (const bool slow : {true, false}) {
      EXPECT_EQ(pass(*source, slow).faults(), 0U);
      ASSERT_EQ(source->stats(handle).io.size(), 1U) << one.bytes;
      EXPECT_EQ(source->stats(handle).io[0].rbytes, 4'096U);
      EXPECT_EQ(source->stats(handle).io[0].wios, 2U);
    }
  }
}

TEST_F(FileStats, TakesADeviceFromTheSchedulerOnlyWhereNothingElseHasIt) {
  HostBuilder host;
  mount_v1(host);
  for (const char* cgroup : {"/", "/a"}) {
    host.file(v1_path("blkio", cgroup, "cgroup.procs"), "");
    host.file(v1_path("blkio", cgroup, "blkio.throttle.io_service_bytes_recursive"), "8:0 Read 7\n");
    host.file(v1_path("blkio", cgroup, "blkio.throttle.io_service_bytes"), "8:0 Read 3\n");
    host.file(v1_path("blkio", cgroup, "blkio.bfq.io_service_bytes_recursive"), "8:0 Read 5\n8:16 Read 6\n");
  }
  const auto source = source_on(host);
  const auto handle = source->attach("/a");
  pass(*source, true);
  const std::vector<IoDeviceStats>& rows = source->stats(handle).io;
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].rbytes, 7U);
  EXPECT_EQ(rows[1].minor, 16U);
  EXPECT_EQ(rows[1].rbytes, 6U);
}

TEST_F(FileStats, AddsUpTheBlockIoOfTheCgroupsBelowBeforeLinux416) {
  HostBuilder host;
  mount_v1(host);
  const auto set = [&](const char* cgroup, const char* rows) {
    host.file(v1_path("blkio", cgroup, "cgroup.procs"), "");
    host.file(v1_path("blkio", cgroup, "blkio.throttle.io_service_bytes"), rows);
  };
  set("/", "");
  set("/pod", "");
  set("/pod/a", "8:0 Read 10\n");
  set("/pod/b", "8:0 Read 1\n8:16 Read 5\n");
  const auto source = source_on(host);
  const auto pod = source->attach("/pod");
  const auto a = source->attach("/pod/a");
  const auto b = source->attach("/pod/b");
  const auto read_of = [&](StatsSource::Handle handle, std::uint32_t minor) {
    Count bytes;
    for (const IoDeviceStats& row : source->stats(handle).io) {
      bytes = row.minor == minor ? row.rbytes : bytes;
    }
    return bytes;
  };
  for (const bool slow : {true, false, true}) {
    pass(*source, slow);
    EXPECT_EQ(read_of(pod, 0), 11U) << "not more with each pass";
    EXPECT_EQ(read_of(pod, 16), 5U);
    EXPECT_EQ(read_of(a, 0), 10U);
  }
  source->detach(b);
  pass(*source, false);
  EXPECT_EQ(read_of(pod, 0), 11U) << "does not fall";
}

TEST_F(FileStats, ReadsTheOddRowsOfIoStat) {
  host_.file("sys/dev/block/254:0/uevent", "MAJOR=254\nDEVNAME=vda\n");
  host_.file("sys/dev/block/7:5/uevent", "DEVNAME=loop5\n");
  on_v2();
  host_.file(v2_path(kCgroup, "io.stat"),
             "254:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6 cost.usage=7 cost.wait=8\n"
             "7:7 7:6 7:5 rbytes=9 wbytes=0 rios=1 wios=0 dbytes=0 dios=0\n252:0 \n"
             "(unknown) rbytes=1 wbytes=1 rios=1 wios=1 dbytes=0 dios=0\n");
  const std::vector<IoDeviceStats>& rows = sampled().io;
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].device, "/dev/vda");
  EXPECT_EQ(rows[0].dbytes, 5U);
  EXPECT_EQ(rows[0].cost_usage_usec, 7U);
  EXPECT_EQ(rows[0].cost_wait_usec, 8U);
  EXPECT_EQ(rows[1].device, "/dev/loop5");
  EXPECT_EQ(rows[1].rbytes, 9U);
}

}  // namespace
}  // namespace tallyman
