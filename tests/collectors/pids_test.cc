#include "collectors/kernel/stats/cgroup_stats.h"
#include "tests/support/observe.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

TEST(PidsCollector, GivesThreadsAndTheirLimit) {
  CgroupStats stats;
  stats.pids.current = 7;
  stats.pids.max = 50;
  EXPECT_EQ(observe("pids", stats), (SeriesValues{{"container_threads", 7}, {"container_threads_max", 50}}));
}

TEST(PidsCollector, WritesNoLimitAsZero) {
  CgroupStats stats;
  stats.pids.max = kUnlimited;
  EXPECT_EQ(observe("pids", stats), (SeriesValues{{"container_threads_max", 0}}));
}

TEST(PidsCollector, GivesNothingForARootThatHasNoFiles) { EXPECT_EQ(observe("pids", {}), SeriesValues{}); }

TEST(PidsCollector, GivesAnEmptyCgroupAZero) {
  CgroupStats stats;
  stats.pids.current = 0;
  EXPECT_EQ(observe("pids", stats), (SeriesValues{{"container_threads", 0}}));
}

}  // namespace
}  // namespace tallyman
