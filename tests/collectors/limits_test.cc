#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/stats/host_stats.h"
#include "collectors/model/catalogue.h"
#include "tests/support/observe.h"

#include <gtest/gtest.h>

#include <utility>

namespace tallyman {
namespace {

TEST(LimitsCollector, GivesTheLimitsThatAreSet) {
  CgroupStats stats;
  stats.limits.cpu_quota_usec = 30'000;
  stats.limits.cpu_period_usec = 100'000;
  stats.limits.cpu_shares = 1'024;
  stats.limits.memory_max = 67'108'864;
  stats.limits.swap_max = 134'217'728;
  stats.limits.memory_low = 33'554'432;
  EXPECT_EQ(observe("limits", stats), (SeriesValues{
                                          {"container_spec_cpu_quota", 30'000},
                                          {"container_spec_cpu_period", 100'000},
                                          {"container_spec_cpu_shares", 1'024},
                                          {"container_spec_memory_limit_bytes", 67'108'864},
                                          {"container_spec_memory_swap_limit_bytes", 134'217'728},
                                          {"container_spec_memory_reservation_limit_bytes", 33'554'432},
                                      }));
}

TEST(LimitsCollector, WritesNoLimitOnMemoryAsZeroAndNoQuotaAsNoSeries) {
  CgroupStats stats;
  stats.limits.cpu_quota_usec = kUnlimited;
  stats.limits.cpu_period_usec = 100'000;
  stats.limits.memory_max = kUnlimited;
  stats.limits.swap_max = kUnlimited;
  stats.limits.memory_low = kUnlimited;
  EXPECT_EQ(observe("limits", stats), (SeriesValues{
                                          {"container_spec_cpu_period", 100'000},
                                          {"container_spec_memory_limit_bytes", 0},
                                          {"container_spec_memory_swap_limit_bytes", 0},
                                          {"container_spec_memory_reservation_limit_bytes", 0},
                                      }));
}

TEST(LimitsCollector, DistinguishesNotReadFromNotSet) {
  EXPECT_EQ(observe("limits", {}), SeriesValues{}) << "a limit that could not be read is not a missing limit";
}

TEST(LimitsCollector, GivesTheSharesThatTheUserSetWhereTheWeightAgrees) {
  struct Case {
    std::uint64_t weight;
    Count set;
    std::uint64_t shares;
  };
  // Weights as current runtimes write them, then as older ones did.
  const Case cases[] = {{1, 2, 2},
                        {17, 102, 102},
                        {59, 512, 512},
                        {100, 1'024, 1'024},
                        {170, 2'000, 2'000},
                        {303, 4'096, 4'096},
                        {100, {}, 1'024},
                        {1, {}, 2},
                        {10'000, {}, 262'144},
                        {39, 1'024, 1'024},
                        {79, 2'048, 2'048},
                        {50, 4'096, 421},
                        {10'000, 900'000, 262'144}};
  for (const Case& one : cases) {
    CgroupStats stats;
    stats.limits.cpu_weight = one.weight;
    ObservationContext context;
    context.workload.container.cpu_shares = one.set;
    EXPECT_EQ(observe("limits", stats, context), (SeriesValues{{"container_spec_cpu_shares", one.shares}}))
        << "weight " << one.weight << ", set " << one.set.value_or(0);
  }
}

TEST(LimitsCollector, GivesNoSharesForAWeightThatIsNone) {
  CgroupStats stats;
  stats.limits.cpu_weight = 0;  // cpu.idle
  EXPECT_EQ(observe("limits", stats), SeriesValues{});
}

TEST(LimitsCollector, GivesTheOtherLimitsOnMemoryThatAreSet) {
  CgroupStats stats;
  stats.limits.memory_high = 536'870'912;
  stats.limits.memory_min = 4'096;
  EXPECT_EQ(observe("limits", stats), (SeriesValues{
                                          {"container_spec_memory_high_bytes", 536'870'912},
                                          {"container_spec_memory_min_bytes", 4'096},
                                      }));
  stats.limits.memory_high = kUnlimited;
  stats.limits.memory_min = 0;
  EXPECT_EQ(observe("limits", stats), SeriesValues{});
}

TEST(LimitsCollector, ComparesUsageWithNoLimitAboveTheMachinesMemory) {
  const MetricId metric = *find_metric("container_spec_memory_limit_bytes");
  HostStats machine;
  machine.memory.total = 1'000;
  ObservationContext context;
  context.machine = &machine;
  CgroupStats stats;
  for (const auto& [limit, shown] : {std::pair<std::uint64_t, Count>{1'000, 1'000}, {1'001, {}}, {kUnlimited, 0}}) {
    stats.limits.memory_max = limit;
    const Snapshot snapshot = snapshot_of("limits", stats, context);
    EXPECT_EQ(sum_of(snapshot, snapshot.layout->blocks.front(), metric), shown) << limit;
    const std::uint64_t series = limit == kUnlimited ? 0 : limit;
    EXPECT_EQ(observe("limits", stats, context).at("container_spec_memory_limit_bytes"), series) << "the kernel's own";
  }
}

TEST(LimitsCollector, GivesAGuestTheLimitOfItsRootCgroup) {
  HostStats host;
  host.memory.total = 135'291'469'824;
  CgroupStats root;
  root.limits.memory_max = 268'435'456;
  ObservationContext context;
  context.host = &host;
  EXPECT_EQ(observe("limits", root, context).at("container_spec_memory_limit_bytes"), 268'435'456U);
}

TEST(LimitsCollector, GivesTheHostItsMemoryForALimit) {
  HostStats host;
  host.memory.total = 8'000'000'000;
  host.memory.swap_total = 0;
  CgroupStats root;
  root.limits.memory_max = kUnlimited;
  root.limits.swap_max = kUnlimited;
  ObservationContext context;
  context.host = &host;
  EXPECT_EQ(observe("limits", root, context), (SeriesValues{
                                                  {"container_spec_memory_limit_bytes", 8'000'000'000},
                                                  {"container_spec_memory_swap_limit_bytes", 0},
                                              }));
}

}  // namespace
}  // namespace tallyman
