#include "collectors/kernel/stats/cgroup_stats.h"
#include "tests/support/observe.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

TEST(NumaCollector, GivesBothScopesAndEachNode) {
  CgroupStats stats;
  stats.numa = {{"file", false, 0, 127}, {"file", true, 0, 130}, {"anon", true, 0, 15}, {"anon", true, 11, 3}};
  EXPECT_EQ(observe("numa", stats), (SeriesValues{
                                        {R"(container_memory_numa_pages{type="file",scope="container",node="0"})", 127},
                                        {R"(container_memory_numa_pages{type="file",scope="hierarchy",node="0"})", 130},
                                        {R"(container_memory_numa_pages{type="anon",scope="hierarchy",node="0"})", 15},
                                        {R"(container_memory_numa_pages{type="anon",scope="hierarchy",node="11"})", 3},
                                    }));
}

TEST(NumaCollector, IsOffByDefault) { EXPECT_FALSE(collector_named("numa").on_by_default); }

TEST(NumaCollector, GivesNothingWithoutTheFile) { EXPECT_EQ(observe("numa", {}), SeriesValues{}); }

}  // namespace
}  // namespace tallyman
