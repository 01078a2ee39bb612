#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/stats/host_stats.h"
#include "tests/support/observe.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

CpuStats busy() {
  CpuStats cpu;
  cpu.usage_nsec = 1'331'340'699;
  cpu.user_nsec = 1'270'000'000;
  cpu.system_nsec = 40'000'000;
  return cpu;
}

TEST(CpuCollector, GivesOneTotalAndNoCfsFamilyWithoutAQuota) {
  CgroupStats stats;
  stats.cpu = busy();
  EXPECT_EQ(observe("cpu", stats), (SeriesValues{
                                       {"container_cpu_usage_seconds_total{cpu=\"total\"}", 1'331'340'699},
                                       {"container_cpu_user_seconds_total", 1'270'000'000},
                                       {"container_cpu_system_seconds_total", 40'000'000},
                                   }));
}

TEST(CpuCollector, LeavesOutCpusThatAreNotThere) {
  HostStats machine;
  machine.machine.online_cpus = {true, true, false};
  ObservationContext context;
  context.machine = &machine;
  CgroupStats stats;
  stats.cpu.usage_percpu_nsec = {5, 0, 0, 7, 0};
  EXPECT_EQ(observe("cpu", stats, context), (SeriesValues{
                                                {"container_cpu_usage_seconds_total{cpu=\"cpu00\"}", 5},
                                                {"container_cpu_usage_seconds_total{cpu=\"cpu01\"}", 0},
                                                {"container_cpu_usage_seconds_total{cpu=\"cpu03\"}", 7},
                                            }))
      << "what one used before it went away stays";
}

TEST(CpuCollector, GivesTheCfsFamiliesThatWereRead) {
  CgroupStats stats;
  stats.cpu.nr_periods = 38;
  stats.cpu.nr_throttled = 35;
  stats.cpu.throttled_nsec = 2'095'329'639;
  EXPECT_EQ(observe("cpu", stats), (SeriesValues{
                                       {"container_cpu_cfs_periods_total", 38},
                                       {"container_cpu_cfs_throttled_periods_total", 35},
                                       {"container_cpu_cfs_throttled_seconds_total", 2'095'329'639},
                                   }))
      << "a kernel before 5.14 has no bursts: no series, not 0";

  stats.cpu.nr_bursts = 0;
  stats.cpu.burst_nsec = 17;
  const SeriesValues with_bursts = observe("cpu", stats);
  EXPECT_EQ(with_bursts.at("container_cpu_cfs_burst_periods_total"), 0U) << "a zero that the kernel gives is a sample";
  EXPECT_EQ(with_bursts.at("container_cpu_cfs_burst_seconds_total"), 17U);
}

TEST(CpuCollector, SpellsCpusAsCadvisorDoesAndLeavesTheTotalOut) {
  CgroupStats stats;
  stats.cpu = busy();
  for (std::uint64_t i = 0; i < 130; ++i) {
    stats.cpu.usage_percpu_nsec.push_back(i * 1000);
  }
  const SeriesValues values = observe("cpu", stats);
  EXPECT_EQ(values.count("container_cpu_usage_seconds_total{cpu=\"total\"}"), 0U) << "a sum over cpu would double";
  EXPECT_EQ(values.at("container_cpu_usage_seconds_total{cpu=\"cpu00\"}"), 0U);
  EXPECT_EQ(values.at("container_cpu_usage_seconds_total{cpu=\"cpu07\"}"), 7'000U);
  EXPECT_EQ(values.at("container_cpu_usage_seconds_total{cpu=\"cpu10\"}"), 10'000U);
  EXPECT_EQ(values.at("container_cpu_usage_seconds_total{cpu=\"cpu99\"}"), 99'000U);
  EXPECT_EQ(values.at("container_cpu_usage_seconds_total{cpu=\"cpu129\"}"), 129'000U);
  EXPECT_EQ(values.size(), 132U) << "130 CPUs, user and system";
}

TEST(CpuCollector, GivesNothingWhereTheKernelGivesNothing) { EXPECT_EQ(observe("cpu", {}), SeriesValues{}); }

TEST(CpuCollector, AsksForTheLimitsThatDecideAboutTheCfsFamilies) {
  EXPECT_TRUE(collector_named("cpu").needs.has(CgroupStatsKind::kCpu));
  EXPECT_TRUE(collector_named("cpu").needs.has(CgroupStatsKind::kLimits));
}

}  // namespace
}  // namespace tallyman
