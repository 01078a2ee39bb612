#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/stats/host_stats.h"
#include "collectors/model/collector_table.h"
#include "tests/support/observe.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

constexpr std::uint64_t kNow = 1'700'000'000'123'456'789;

Surroundings container() {
  Surroundings around;
  around.now_nsec = kNow;
  around.workload.kind = WorkloadKind::kContainer;
  around.workload.cgroup_created_nsec = 1'690'000'000'000'000'003;
  around.workload.container.created_nsec = 1'690'000'000'000'000'001;
  around.workload.container.started_nsec = 1'690'000'000'000'000'002;
  return around;
}

TEST(LifecycleCollector, PrefersTheRuntimesTimesToTheDirectorys) {
  EXPECT_EQ(observe("lifecycle", {}, container()), (SeriesValues{
                                                       {"container_last_seen", kNow},
                                                       {"container_start_time_seconds", 1'690'000'000'000'000'002},
                                                       {"container_creation_time_seconds", 1'690'000'000'000'000'001},
                                                   }));
}

TEST(LifecycleCollector, FallsBackToTheBirthOfTheCgroup) {
  Surroundings around = container();
  around.workload.kind = WorkloadKind::kService;
  around.workload.container = {};
  const SeriesValues values = observe("lifecycle", {}, around);
  EXPECT_EQ(values.at("container_start_time_seconds"), 1'690'000'000'000'000'003U);
  EXPECT_EQ(values.at("container_creation_time_seconds"), 1'690'000'000'000'000'003U);
}

TEST(LifecycleCollector, GivesNoTimeThatNobodyKnows) {
  Surroundings around;
  around.now_nsec = kNow;
  EXPECT_EQ(observe("lifecycle", {}, around), (SeriesValues{{"container_last_seen", kNow}}));
}

TEST(LifecycleCollector, TakesTheBootForTheStartOfTheHost) {
  HostStats host;
  host.machine.boot_time_seconds = 1'600'000'000;
  Surroundings around;
  around.workload.kind = WorkloadKind::kHost;
  around.workload.cgroup_created_nsec = 5;  // of the mount's root directory: says nothing about the host
  around.host = &host;
  const SeriesValues values = observe("lifecycle", {}, around);
  EXPECT_EQ(values.at("container_start_time_seconds"), 1'600'000'000'000'000'000U);
  EXPECT_EQ(values.at("container_creation_time_seconds"), 1'600'000'000'000'000'000U);
}

TEST(LifecycleCollector, ReportsHealthOnlyWhereThereIsAHealthCheck) {
  Surroundings around = container();
  EXPECT_EQ(observe("lifecycle", {}, around).count("container_health_state"), 0U);
  const std::pair<Health, std::uint64_t> expected[] = {
      {Health::kStarting, 0}, {Health::kUnhealthy, 0}, {Health::kHealthy, 1}};
  for (const auto& [health, value] : expected) {
    around.workload.container.health = health;
    EXPECT_EQ(observe("lifecycle", {}, around).at("container_health_state"), value) << to_string(health);
  }
}

TEST(LifecycleCollector, GivesAnEndedContainerItsLastSightAndNothingElse) {
  Surroundings around = container();
  around.workload.container.health = Health::kHealthy;
  around.ended = true;
  EXPECT_EQ(observe("lifecycle", {}, around), (SeriesValues{{"container_last_seen", kNow}}));
  EXPECT_TRUE(collector_named("lifecycle").reports_ended);
}

TEST(LifecycleCollector, IsTheOnlyOneToReportTheEnded) {
  for (const Collector* collector : all_collectors()) {
    EXPECT_EQ(collector->reports_ended, collector->name == "lifecycle") << collector->name;
  }
}

}  // namespace
}  // namespace tallyman
