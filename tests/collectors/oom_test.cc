#include "collectors/kernel/stats/cgroup_stats.h"
#include "tests/support/observe.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

TEST(OomCollector, CountsProcessesThatWereKilled) {
  CgroupStats stats;
  stats.memory_events.oom = 9;  // allocations that failed at the limit: not all end in a kill
  stats.memory_events.oom_kill = 2;
  EXPECT_EQ(observe("oom", stats), (SeriesValues{{"container_oom_events_total", 2}}));
}

TEST(OomCollector, GivesAZeroThatTheKernelGives) {
  CgroupStats stats;
  stats.memory_events.oom_kill = 0;
  EXPECT_EQ(observe("oom", stats), (SeriesValues{{"container_oom_events_total", 0}}));
}

TEST(OomCollector, GivesNothingWhereTheKernelDoesNotCount) {
  CgroupStats stats;
  stats.memory_events.failcnt = 7;  // memory.oom_control has no oom_kill before Linux 4.13
  EXPECT_EQ(observe("oom", stats), SeriesValues{});
}

}  // namespace
}  // namespace tallyman
