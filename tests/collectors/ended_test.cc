#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/model/ended_totals.h"
#include "tests/support/observe.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

Workload container(const std::string& image, std::int64_t code) {
  Workload workload;
  workload.kind = WorkloadKind::kContainer;
  workload.container.image = image;
  workload.container.exit = ContainerExit{code, false, 1, 2};
  return workload;
}

TEST(EndedCollector, ReportsWhatHasEndedByImageAndService) {
  EndedTotals totals;
  CgroupStats stats;
  stats.cpu.usage_nsec = 1'500'000'000;
  Workload job = container("job", 0);
  job.container.labels = {{"com.docker.compose.project", "farm"}, {"com.docker.compose.service", "work"}};
  totals.add(job, stats, {});
  job.container.exit->code = 3;
  totals.add(job, stats, {});
  totals.add_restart(job);
  totals.unattributed = {{"/docker", 250'000'000}};
  ObservationContext context;
  context.ended_totals = &totals;
  const SeriesValues values = observe("ended", {}, context);
  const std::string group = R"(kind="container",image="job",project="farm",service="work")";
  EXPECT_EQ(values.at("tallyman_ended_workloads_total{" + group + R"(,outcome="succeeded"})"), 1U);
  EXPECT_EQ(values.at("tallyman_ended_workloads_total{" + group + R"(,outcome="failed"})"), 1U);
  EXPECT_EQ(values.count("tallyman_ended_workloads_total{" + group + R"(,outcome="unknown"})"), 0U);
  EXPECT_EQ(values.at("tallyman_ended_restarts_total{" + group + "}"), 1U);
  EXPECT_EQ(values.at("tallyman_ended_cpu_seconds_total{" + group + "}"), 3'000'000'000U);
  EXPECT_EQ(values.at(R"(tallyman_unattributed_cpu_seconds_total{id="/docker"})"), 250'000'000U);
}

TEST(EndedCollector, IsSilentWhereNobodyCounts) { EXPECT_EQ(observe("ended", {}, {}), SeriesValues{}); }

}  // namespace
}  // namespace tallyman
