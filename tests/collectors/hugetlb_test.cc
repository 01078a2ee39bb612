#include "collectors/kernel/stats/cgroup_stats.h"
#include "tests/support/observe.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

TEST(HugetlbCollector, GivesEachPageSizeItsOwnSeries) {
  CgroupStats stats;
  stats.hugetlb = {{"2MB", 4'194'304, 8'388'608, 3, 12'582'912}, {"1GB", 0, 0, 0, {}}};
  EXPECT_EQ(observe("hugetlb", stats), (SeriesValues{
                                           {"container_hugetlb_usage_bytes{pagesize=\"2MB\"}", 4'194'304},
                                           {"container_hugetlb_max_usage_bytes{pagesize=\"2MB\"}", 8'388'608},
                                           {"container_hugetlb_failcnt{pagesize=\"2MB\"}", 3},
                                           {"container_hugetlb_reserved_bytes{pagesize=\"2MB\"}", 12'582'912},
                                           {"container_hugetlb_usage_bytes{pagesize=\"1GB\"}", 0},
                                           {"container_hugetlb_max_usage_bytes{pagesize=\"1GB\"}", 0},
                                           {"container_hugetlb_failcnt{pagesize=\"1GB\"}", 0},
                                       }));
}

TEST(HugetlbCollector, GivesNoPeakOnV2WhichHasNone) {
  CgroupStats stats;
  stats.hugetlb = {{"2MB", 0, {}, 0, {}}};
  EXPECT_EQ(observe("hugetlb", stats).count("container_hugetlb_max_usage_bytes{pagesize=\"2MB\"}"), 0U);
  EXPECT_EQ(observe("hugetlb", stats).size(), 2U);
}

TEST(HugetlbCollector, GivesNothingWithoutTheController) { EXPECT_EQ(observe("hugetlb", {}), SeriesValues{}); }

}  // namespace
}  // namespace tallyman
