#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/model/process_facts.h"
#include "tests/support/observe.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

TEST(CpuloadCollector, HasLoads) {
  ProcessFacts facts;
  facts.load_milli = 1500;
  facts.uninterruptible_load_milli = 20;
  ObservationContext context;
  context.processes = &facts;
  EXPECT_EQ(observe("cpuload", {}, context),
            (SeriesValues{{"container_cpu_load_average_10s", 1500}, {"container_cpu_load_d_average_10s", 20}}));
}

TEST(CpuloadCollector, HasNoSeriesWhereThreadsAreNotRead) {
  const ProcessFacts facts;
  ObservationContext context;
  context.processes = &facts;
  EXPECT_EQ(observe("cpuload", {}), SeriesValues{});
  EXPECT_EQ(observe("cpuload", {}, context), SeriesValues{});
}

}  // namespace
}  // namespace tallyman
