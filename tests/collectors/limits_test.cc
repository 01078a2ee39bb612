#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/stats/host_stats.h"
#include "tests/support/observe.h"

#include <gtest/gtest.h>

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
