#include "collectors/kernel/formats/cgroup_text.h"

#include "collectors/kernel/stats/cgroup_stats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace tallyman::formats {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

TEST(NumberFile, IsOneNumberAndANewline) {
  EXPECT_EQ(parse_number("0\n"), 0U);
  EXPECT_EQ(parse_number("1331340699\n"), 1331340699U);
  EXPECT_EQ(parse_number("18446744073709551615\n"), kMax);
  for (const char* text : {"", "\n", " \n", "12", " 12\n", "12 \n", "12\n\n", "1\n2\n", "max\n", "-1\n", "12\t\n"}) {
    EXPECT_EQ(parse_number(text), Count()) << testing::PrintToString(text);
  }
}

TEST(LimitFile, HasUnlimitedAsMaxOnV2AndAsAHugeNumberOnV1) {
  EXPECT_EQ(parse_limit("67108864\n"), 67108864U);
  EXPECT_EQ(parse_limit("max\n"), kUnlimited);
  EXPECT_EQ(parse_limit("9223372036854771712\n"), kUnlimited) << "pages of 4 KiB";
  EXPECT_EQ(parse_limit("9223372036854710272\n"), kUnlimited) << "pages of 64 KiB";
  EXPECT_EQ(parse_limit("4611686018427387904\n"), kUnlimited) << "2^62";
  EXPECT_EQ(parse_limit("4611686018427387903\n"), (1ULL << 62U) - 1);
  EXPECT_EQ(parse_limit("18446744073709551616\n"), Count());
  for (const char* text : {"max", "ma\n", "MAX\n", "max \n", "-1\n", ""}) {
    EXPECT_EQ(parse_limit(text), Count()) << testing::PrintToString(text);
  }
}

TEST(QuotaFile, HasMinusOneForNoQuota) {
  EXPECT_EQ(parse_quota("-1\n"), kUnlimited);
  EXPECT_EQ(parse_quota("20000\n"), 20000U);
  for (const char* text : {"-1", "-", "-\n", "-2\n", "-10\n", "max\n", "--1\n"}) {
    EXPECT_EQ(parse_quota(text), Count()) << testing::PrintToString(text);
  }
}

constexpr std::string_view kCpuStat612 =
    "usage_usec 2038282\nuser_usec 2007502\nsystem_usec 30779\nnice_usec 0\nnr_periods 101\nnr_throttled 101\n"
    "throttled_usec 6170797\nnr_bursts 0\nburst_usec 0\n";

TEST(CpuStatV2, GivesNanoseconds) {
  CpuStats stats;
  EXPECT_EQ(parse_cpu_stat_v2(kCpuStat612, stats), 0U);
  EXPECT_EQ(stats.usage_nsec, 2'038'282'000U);
  EXPECT_EQ(stats.user_nsec, 2'007'502'000U);
  EXPECT_EQ(stats.system_nsec, 30'779'000U);
  EXPECT_EQ(stats.nr_periods, 101U);
  EXPECT_EQ(stats.nr_throttled, 101U);
  EXPECT_EQ(stats.throttled_nsec, 6'170'797'000U);
  EXPECT_EQ(stats.nr_bursts, 0U);
  EXPECT_EQ(stats.burst_nsec, 0U);
}

TEST(CpuStatV2, LeavesEmptyWhatTheKernelDoesNotSay) {
  CpuStats stats;  // the unified tree of a hybrid host has no controller's keys
  EXPECT_EQ(parse_cpu_stat_v2("usage_usec 2337284\nuser_usec 2284327\nsystem_usec 52956\nnice_usec 0\n", stats), 0U);
  EXPECT_EQ(stats.usage_nsec, 2'337'284'000U);
  EXPECT_EQ(stats.nr_periods, Count());
  EXPECT_EQ(stats.throttled_nsec, Count());
  EXPECT_EQ(parse_cpu_stat_v2("", stats), 0U);
  EXPECT_EQ(stats.usage_nsec, 2'337'284'000U) << "an empty text changes nothing";
}

TEST(CpuStatV2, TakesNewKeysAndAnotherOrder) {
  CpuStats stats;
  const std::string_view text =
      "core_sched.force_idle_usec 12\nsystem_usec 3\nfancy_new_key some words\nusage_usec 5\nuser_usec 2\n";
  EXPECT_EQ(parse_cpu_stat_v2(text, stats), 0U);
  EXPECT_EQ(stats.usage_nsec, 5000U);
  EXPECT_EQ(stats.user_nsec, 2000U);
  EXPECT_EQ(stats.system_nsec, 3000U);
}

TEST(CpuStatV2, DropsMicrosecondsThatDoNotFitAsNanoseconds) {
  CpuStats stats;
  EXPECT_EQ(parse_cpu_stat_v2("usage_usec 18446744073709551\nuser_usec 18446744073709552\n", stats), 1U);
  EXPECT_EQ(stats.usage_nsec, 18'446'744'073'709'551'000U);
  EXPECT_EQ(stats.user_nsec, Count());
}

TEST(CpuStatV1, IsInNanosecondsAlready) {
  CpuStats stats;
  EXPECT_EQ(parse_cpu_stat_v1("nr_periods 38\nnr_throttled 35\nthrottled_time 2095329639\nnr_bursts 1\nburst_time 9\n",
                              stats),
            0U);
  EXPECT_EQ(stats.nr_periods, 38U);
  EXPECT_EQ(stats.nr_throttled, 35U);
  EXPECT_EQ(stats.throttled_nsec, 2'095'329'639U);
  EXPECT_EQ(stats.nr_bursts, 1U);
  EXPECT_EQ(stats.burst_nsec, 9U);
  EXPECT_EQ(stats.usage_nsec, Count());
}

TEST(CpuStatV1, OfAnOldKernelHasNoBursts) {
  CpuStats stats;
  EXPECT_EQ(parse_cpu_stat_v1("nr_periods 0\nnr_throttled 0\nthrottled_time 0\n", stats), 0U);
  EXPECT_EQ(stats.throttled_nsec, 0U);
  EXPECT_EQ(stats.nr_bursts, Count());
}

TEST(CpuacctStat, IsInTicksOfAHundredthSecond) {
  CpuStats stats;
  EXPECT_EQ(parse_cpuacct_stat("user 127\nsystem 4\n", stats), 0U);
  EXPECT_EQ(stats.user_nsec, 1'270'000'000U);
  EXPECT_EQ(stats.system_nsec, 40'000'000U);
  EXPECT_EQ(parse_cpuacct_stat("user 1844674407371\n", stats), 1U) << "more than 2^64 nanoseconds";
  EXPECT_EQ(stats.user_nsec, 1'270'000'000U);
}

TEST(CpuacctUsagePercpu, IsOneLineWithATrailingBlank) {
  std::vector<std::uint64_t> cpus = {9, 9, 9, 9};
  EXPECT_EQ(parse_percpu("1217989539 94229350 \n", cpus), 0U);
  EXPECT_THAT(cpus, ElementsAre(1217989539U, 94229350U));
  EXPECT_EQ(parse_percpu("", cpus), 0U);
  EXPECT_THAT(cpus, IsEmpty());
  EXPECT_EQ(parse_percpu("1 2\n3 4\n", cpus), 1U) << "a second line would shift the CPUs";
  EXPECT_THAT(cpus, ElementsAre(1U, 2U));
  EXPECT_EQ(parse_percpu("1 x 3\n", cpus), 1U);
  EXPECT_THAT(cpus, IsEmpty());
}

TEST(CpuMax, IsQuotaAndPeriod) {
  LimitStats limits;
  EXPECT_EQ(parse_cpu_max("max 100000\n", limits), 0U);
  EXPECT_EQ(limits.cpu_quota_usec, kUnlimited);
  EXPECT_EQ(limits.cpu_period_usec, 100000U);
  EXPECT_EQ(parse_cpu_max("20000 50000\n", limits), 0U);
  EXPECT_EQ(limits.cpu_quota_usec, 20000U);
  EXPECT_EQ(limits.cpu_period_usec, 50000U);
}

TEST(CpuMax, ChangesNothingUnlessBothAreThere) {
  for (const char* text : {"max\n", "1\n", "max max\n", "-1 100000\n", "1 2 3\n", "\n", "1 2"}) {
    LimitStats limits;
    EXPECT_EQ(parse_cpu_max(text, limits), 1U) << testing::PrintToString(text);
    EXPECT_EQ(limits.cpu_quota_usec, Count()) << testing::PrintToString(text);
    EXPECT_EQ(limits.cpu_period_usec, Count()) << testing::PrintToString(text);
  }
}

TEST(CgroupEventsFile, SaysWhetherItIsPopulatedAndFrozen) {
  CgroupEvents events;
  EXPECT_EQ(parse_cgroup_events("populated 1\nfrozen 0\n", events), 0U);
  EXPECT_EQ(events.populated, 1U);
  EXPECT_EQ(events.frozen, 0U);
  EXPECT_EQ(parse_cgroup_events("populated 0\n", events), 0U);  // before Linux 5.2
  EXPECT_EQ(events.populated, 0U);
  EXPECT_EQ(parse_cgroup_events("populated x\nlater 1\n", events), 1U);
}

TEST(FreezerState, IsFrozenOnlyWhenAllOfItIs) {
  EXPECT_EQ(parse_freezer_state("FROZEN\n"), 1U);
  EXPECT_EQ(parse_freezer_state("FREEZING\n"), 0U);
  EXPECT_EQ(parse_freezer_state("THAWED\n"), 0U);
  for (const char* text : {"", "FROZEN", "frozen\n", "\n"}) EXPECT_EQ(parse_freezer_state(text), Count()) << text;
}

TEST(Pressure, GivesTheTotals) {
  PressureStats stats;
  const std::string_view text =
      "some avg10=22.52 avg60=4.82 avg300=1.03 total=4429840\nfull avg10=22.40 avg60=4.79 avg300=1.03 total=4422240\n";
  EXPECT_EQ(parse_pressure(text, stats), 0U);
  EXPECT_EQ(stats.some_usec, 4429840U);
  EXPECT_EQ(stats.full_usec, 4422240U);
}

TEST(Pressure, OfOldCpuPressureHasNoFullLineAndOfIrqNoSomeLine) {
  PressureStats cpu;
  EXPECT_EQ(parse_pressure("some avg10=0.00 avg60=0.00 avg300=0.00 total=17\n", cpu), 0U);
  EXPECT_EQ(cpu.some_usec, 17U);
  EXPECT_EQ(cpu.full_usec, Count());
  PressureStats irq;
  EXPECT_EQ(parse_pressure("full avg10=0.00 avg60=0.00 avg300=0.00 total=5\n", irq), 0U);
  EXPECT_EQ(irq.some_usec, Count());
  EXPECT_EQ(irq.full_usec, 5U);
}

TEST(Pressure, TakesNewRowsAndColumnsInAnyOrder) {
  PressureStats stats;
  EXPECT_EQ(parse_pressure("most total=1\nfull total=3 avg900=0.00\nsome new=x total=2 avg10=0.00\n", stats), 0U);
  EXPECT_EQ(stats.some_usec, 2U);
  EXPECT_EQ(stats.full_usec, 3U);
  EXPECT_EQ(parse_pressure("some avg10=0.00\n", stats), 0U) << "a missing key is no fault";
  EXPECT_EQ(stats.some_usec, 2U);
  EXPECT_EQ(parse_pressure("some nonsense total=9\n", stats), 1U);
  EXPECT_EQ(stats.some_usec, 2U);
}

TEST(CpuList, CountsRangesAndSingles) {
  EXPECT_EQ(count_cpu_list("0-3,8\n"), 5U);
  EXPECT_EQ(count_cpu_list("0\n"), 1U);
  EXPECT_EQ(count_cpu_list("0-1\n"), 2U);
  EXPECT_EQ(count_cpu_list("0,2,4,6-9,127\n"), 8U);
  EXPECT_EQ(count_cpu_list("\n"), 0U);
  EXPECT_EQ(count_cpu_list(""), 0U);
  EXPECT_EQ(count_cpu_list("0-4294967295\n"), 4294967296U);
}

TEST(CpuList, IsNotUnderstoodUnlessItRises) {
  for (const char* text : {"0-3", "3-0\n", "0-3,2\n", "1,1\n", "0-\n", "-3\n", ",\n", "0,\n", "0,,1\n", "0-3-5\n",
                           "0 1\n", "all\n", "0-7:2/4\n", "4294967296\n", "0\n1\n"}) {
    EXPECT_EQ(count_cpu_list(text), Count()) << testing::PrintToString(text);
  }
}

}  // namespace
}  // namespace tallyman::formats
