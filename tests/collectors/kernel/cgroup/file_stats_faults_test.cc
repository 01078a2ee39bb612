// Files that are not as they should be: each is counted under its name, is
// absent, and costs no other file and no other cgroup anything.
#include "collectors/kernel/system/kernel_file.h"
#include "tests/support/cgroup_trees.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tallyman {
namespace {

constexpr auto kAbsentField = std::nullopt;

struct Fault {
  std::string name;
  bool v2;
  std::string file;  // below the cgroup; v1: with its hierarchy
  std::string text;
  std::function<Count(const CgroupStats&)> field;  // absent because of it
};

void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.name; }

std::string path_of(const Fault& fault, std::string_view cgroup) {
  const std::size_t slash = fault.file.find('/');
  return fault.v2 ? v2_path(cgroup, fault.file)
                  : v1_path(fault.file.substr(0, slash), cgroup, fault.file.substr(slash + 1));
}

class FileStatsFaults : public ::testing::TestWithParam<Fault> {
 protected:
  FileStatsFaults() {
    const bool v2 = GetParam().v2;
    host_.dir("sys/kernel/mm/hugepages/hugepages-2048kB");
    v2 ? mount_v2(host_) : mount_v1(host_);
    v2 ? record_v2_container(host_, "/bad") : record_v1_container(host_, "/bad");
    v2 ? record_v2_container(host_, "/good") : record_v1_container(host_, "/good");
    path_ = path_of(GetParam(), "/bad");
    source_ = source_on(host_);
    bad_ = source_->attach("/bad");
    good_ = source_->attach("/good");
  }

  void expect_others_unharmed() {
    const bool v2 = GetParam().v2;
    const CgroupStats& good = source_->stats(good_);
    EXPECT_NE(GetParam().field(good), kAbsentField) << "the other cgroup";
    EXPECT_EQ(good.cpu.usage_nsec, v2 ? 2'038'282'000U : 1'331'340'699U);
    EXPECT_EQ(good.memory.anon, v2 ? 57'344U : 61'440U);
    EXPECT_EQ(good.pids.current, 1U);
    EXPECT_EQ(source_->stats(bad_).memory.peak, v2 ? 311'296U : 5'132'288U) << "the other files";
    EXPECT_FALSE(source_->gone(bad_));
  }

  HostBuilder host_;
  std::unique_ptr<StatsSource> source_;
  std::string path_;
  StatsSource::Handle bad_ = 0, good_ = 0;
};

TEST_P(FileStatsFaults, AreCountedUnderTheFilesNameAndCostNobodyElse) {
  ASSERT_EQ(pass(*source_, true).faults(), 0U);
  host_.file(path_, GetParam().text);
  const ReadReport report = pass(*source_, true);
  EXPECT_EQ(report.malformed, 1U);
  EXPECT_EQ(report.faults(), 1U);
  EXPECT_EQ(report.first_fault, host_.path(path_) + ": not as the kernel documents it");
  EXPECT_EQ(GetParam().field(source_->stats(bad_)), kAbsentField) << "and not what it was before, nor 0";
  expect_others_unharmed();
}

TEST_P(FileStatsFaults, AreOverWithTheNextGoodText) {
  host_.file(path_, GetParam().text);
  pass(*source_, true);
  HostBuilder whole;
  GetParam().v2 ? record_v2_container(whole, "/bad") : record_v1_container(whole, "/bad");
  ReadBuffer buffer;
  const std::string good = std::string(read_file(whole.path(path_), buffer).value());
  host_.file(path_, good);
  EXPECT_EQ(pass(*source_, true).faults(), 0U);
  EXPECT_NE(GetParam().field(source_->stats(bad_)), kAbsentField);
}

// A directory in the file's place: opening it succeeds, reading gives EISDIR.
TEST_P(FileStatsFaults, OfReadingAreCountedToo) {
  host_.remove(path_).dir(path_);
  const ReadReport report = pass(*source_, true);
  EXPECT_EQ(report.io, 1U);
  EXPECT_EQ(report.faults(), 1U);
  EXPECT_EQ(report.first_fault, host_.path(path_) + ": Is a directory");
  EXPECT_EQ(GetParam().field(source_->stats(bad_)), kAbsentField);
  expect_others_unharmed();
}

// Root may read everything, so a child process runs as nobody.
TEST_P(FileStatsFaults, OfPermissionAreCountedToo) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "needs root to become somebody else";
  }
  ASSERT_EQ(chmod(host_.path(path_).c_str(), 0600), 0);
  const std::string expected = host_.path(path_) + ": Permission denied";
  const pid_t child = fork();
  if (child == 0) {
    bool well = setresgid(65'534, 65'534, 65'534) == 0 && setresuid(65'534, 65'534, 65'534) == 0;
    const ReadReport report = pass(*source_, true);
    well = well && report.denied == 1 && report.faults() == 1 && report.first_fault == expected;
    well = well && GetParam().field(source_->stats(bad_)) == kAbsentField;
    well = well && GetParam().field(source_->stats(good_)) != kAbsentField && !source_->gone(bad_);
    _exit(well ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

const auto kCpu = [](const CgroupStats& s) { return s.cpu.usage_nsec; };
const auto kUser = [](const CgroupStats& s) { return s.cpu.user_nsec; };
const auto kPeriods = [](const CgroupStats& s) { return s.cpu.nr_periods; };
const auto kAnon = [](const CgroupStats& s) { return s.memory.anon; };
const auto kCurrent = [](const CgroupStats& s) { return s.memory.current; };
const auto kKills = [](const CgroupStats& s) { return s.memory_events.oom_kill; };
const auto kPids = [](const CgroupStats& s) { return s.pids.current; };
const auto kMax = [](const CgroupStats& s) { return s.limits.memory_max; };
const auto kQuota = [](const CgroupStats& s) { return s.limits.cpu_quota_usec; };
const auto kPressure = [](const CgroupStats& s) { return s.cpu_pressure.some_usec; };
const auto kCpus = [](const CgroupStats& s) { return s.cpuset.effective_cpus; };
const auto kHuge = [](const CgroupStats& s) { return s.hugetlb.empty() ? Count() : s.hugetlb[0].current; };

INSTANTIATE_TEST_SUITE_P(
    Files, FileStatsFaults,
    ::testing::Values(
        Fault{"UsageEmpty", false, "cpuacct/cpuacct.usage", "", kCpu},
        Fault{"UsageNegative", false, "cpuacct/cpuacct.usage", "-1\n", kCpu},
        Fault{"UsageOver64Bits", false, "cpuacct/cpuacct.usage", "18446744073709551616\n", kCpu},
        Fault{"UsageTorn", false, "cpuacct/cpuacct.usage", "13313", kCpu},
        Fault{"StatEmpty", false, "cpuacct/cpuacct.stat", "", kUser},
        Fault{"StatInWords", false, "cpuacct/cpuacct.stat", "user many\nsystem 4\n", kUser},
        Fault{"TicksThatDoNotFitInNanoseconds", false, "cpuacct/cpuacct.stat", "user 1844674407371\n", kUser},
        Fault{"ThrottlingTorn", false, "cpu/cpu.stat", "nr_perio", kPeriods},
        Fault{"V1MemoryStatEmpty", false, "memory/memory.stat", "", kAnon},
        Fault{"V1MemoryStatTorn", false, "memory/memory.stat", "total_cache 1\ntotal_rss 61", kAnon},
        Fault{"V1UsageHex", false, "memory/memory.usage_in_bytes", "0x10\n", kCurrent},
        Fault{"V1OomControlWithoutNumber", false, "memory/memory.oom_control", "oom_kill \n", kKills},
        Fault{"V1PidsBlank", false, "pids/pids.current", " \n", kPids},
        Fault{"V1LimitTwoNumbers", false, "memory/memory.limit_in_bytes", "1 2\n", kMax},
        Fault{"V1QuotaMinusTwo", false, "cpu/cpu.cfs_quota_us", "-2\n", kQuota},
        Fault{"V1CpusBackwards", false, "cpuset/cpuset.effective_cpus", "3-1\n", kCpus},
        Fault{"CpuStatEmpty", true, "cpu.stat", "", kCpu},
        Fault{"CpuStatOver64BitsInNanoseconds", true, "cpu.stat", "usage_usec 18446744073709552\n", kCpu},
        Fault{"MemoryStatTorn", true, "memory.stat", "file 1\nanon 5734", kAnon},
        Fault{"MemoryCurrentMax", true, "memory.current", "max\n", kCurrent},
        Fault{"EventsEmpty", true, "memory.events", "", kKills}, Fault{"PidsTorn", true, "pids.current", "1", kPids},
        Fault{"MemoryMaxMisspelled", true, "memory.max", "MAX\n", kMax},
        Fault{"CpuMaxWithoutPeriod", true, "cpu.max", "20000\n", kQuota},
        Fault{"PressureTorn", true, "cpu.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 tot", kPressure},
        Fault{"PressureInWords", true, "cpu.pressure", "some avg10=0 avg60=0 avg300=0 total=much\n", kPressure},
        Fault{"CpusWithCarriageReturn", true, "cpuset.cpus.effective", "0-1\r\n", kCpus},
        Fault{"HugetlbNegative", true, "hugetlb.2MB.current", "-4096\n", kHuge}),
    [](const auto& param) { return param.param.name; });

TEST(FileStatsRows, OneBadRowCostsNoOther) {
  HostBuilder host;
  mount_v2(host);
  record_v2_container(host, "/a");
  host.file(v2_path("/a", "memory.stat"), "anon 1\nfile x\nnew_key 7 8\nshmem 3\nkernel 18446744073709551615\n");
  host.file(v2_path("/a", "io.stat"), "254:0 rbytes=1 wbytes=2\n253:x rbytes=3\n254:16 rbytes=4\n");
  const auto source = source_on(host);
  const auto handle = source->attach("/a");
  const ReadReport report = pass(*source, true);
  EXPECT_EQ(report.malformed, 2U) << "files, not rows";
  const CgroupStats& stats = source->stats(handle);
  EXPECT_EQ(stats.memory.anon, 1U);
  EXPECT_EQ(stats.memory.file, kAbsentField);
  EXPECT_EQ(stats.memory.shmem, 3U);
  ASSERT_EQ(stats.io.size(), 2U);
  EXPECT_EQ(stats.io[1].rbytes, 4U);
}

TEST(FileStatsGone, ACgroupRemovedInMidPassIsGoneAndNoFault) {
  for (const bool v2 : {false, true}) {
    HostBuilder host;
    v2 ? mount_v2(host) : mount_hybrid(host);
    for (const char* cgroup : {"/a", "/b"}) {
      v2 ? record_v2_container(host, cgroup) : record_hybrid_container(host, cgroup);
    }
    // Opened for each read: a file of a plain directory stays readable once it is open.
    const auto source = source_on(host, 0);
    const auto a = source->attach("/a");
    const auto b = source->attach("/b");
    pass(*source, true);
    source->begin_pass(false);
    source->read(CgroupStatsKind::kLimits);
    source->read(CgroupStatsKind::kCpu);
    v2 ? host.remove(v2_path("/a")), void() : remove_v1_cgroup(host, "/a");
    ReadReport report = source->read(CgroupStatsKind::kMemory);
    EXPECT_TRUE(source->gone(a));
    EXPECT_EQ(report.faults(), 0U) << report.first_fault;
    report = source->read(CgroupStatsKind::kPressure);
    EXPECT_EQ(report.faults(), 0U) << report.first_fault;
    source->end_pass();
    EXPECT_TRUE(source->gone(a)) << "v2: " << v2;
    EXPECT_FALSE(source->gone(b));
    EXPECT_EQ(source->stats(b).memory.anon, v2 ? 57'344U : 61'440U);
  }
}

TEST(FileStatsGone, ACgroupMissingFromOneHierarchyIsNotGone) {
  HostBuilder host;
  mount_hybrid(host);
  record_hybrid_container(host, "/a");
  host.remove(v1_path("memory", "/a"));  // removed there first, or never made: systemd does so
  const auto source = source_on(host);
  const auto handle = source->attach("/a");
  EXPECT_EQ(pass(*source, true).faults(), 0U);
  EXPECT_FALSE(source->gone(handle));
  EXPECT_EQ(source->stats(handle).memory.current, kAbsentField);
  EXPECT_EQ(source->stats(handle).cpu.usage_nsec, 1'331'340'699U);
  EXPECT_EQ(source->stats(handle).cpu_pressure.some_usec, 4'429'840U);
}

TEST(FileStatsGone, ACgroupThatNeverWasIsGone) {
  HostBuilder host;
  mount_v2(host);
  const auto source = source_on(host);
  const auto never = source->attach("/never");
  const ReadReport report = pass(*source, true);
  EXPECT_TRUE(source->gone(never));
  EXPECT_EQ(report.faults(), 0U);
}

}  // namespace
}  // namespace tallyman
