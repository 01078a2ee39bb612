#include "collectors/kernel/stats/cgroup_stats.h"
#include "tests/support/observe.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

TEST(CpusetCollector, GivesTheCpusAndWhetherPagesMove) {
  CgroupStats stats;
  stats.cpuset.effective_cpus = 2;
  stats.cpuset.memory_migrate = 1;
  EXPECT_EQ(observe("cpuset", stats),
            (SeriesValues{{"container_cpuset_effective_cpus", 2}, {"container_memory_migrate", 1}}));
}

TEST(CpusetCollector, SaysNothingOfMigrationOnV2) {
  CgroupStats stats;
  stats.cpuset.effective_cpus = 1;
  EXPECT_EQ(observe("cpuset", stats), (SeriesValues{{"container_cpuset_effective_cpus", 1}}));
}

TEST(CpusetCollector, GivesNothingWithoutTheController) { EXPECT_EQ(observe("cpuset", {}), SeriesValues{}); }

}  // namespace
}  // namespace tallyman
