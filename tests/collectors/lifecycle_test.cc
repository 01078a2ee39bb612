#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/stats/host_stats.h"
#include "collectors/model/collector_table.h"
#include "tests/support/observe.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

constexpr std::uint64_t kNow = 1'700'000'000'123'456'789;

ObservationContext container() {
  ObservationContext context;
  context.now_nsec = kNow;
  context.workload.kind = WorkloadKind::kContainer;
  context.workload.cgroup_created_nsec = 1'690'000'000'000'000'003;
  context.workload.container.created_nsec = 1'690'000'000'000'000'001;
  context.workload.container.started_nsec = 1'690'000'000'000'000'002;
  return context;
}

TEST(LifecycleCollector, PrefersTheRuntimesTimesToTheDirectorys) {
  EXPECT_EQ(observe("lifecycle", {}, container()), (SeriesValues{
                                                       {"container_last_seen", kNow},
                                                       {"container_start_time_seconds", 1'690'000'000'000'000'002},
                                                       {"container_creation_time_seconds", 1'690'000'000'000'000'001},
                                                   }));
}

TEST(LifecycleCollector, FallsBackToTheBirthOfTheCgroup) {
  ObservationContext context = container();
  context.workload.kind = WorkloadKind::kService;
  context.workload.container = {};
  const SeriesValues values = observe("lifecycle", {}, context);
  EXPECT_EQ(values.at("container_start_time_seconds"), 1'690'000'000'000'000'003U);
  EXPECT_EQ(values.at("container_creation_time_seconds"), 1'690'000'000'000'000'003U);
}

TEST(LifecycleCollector, GivesNoTimeThatNobodyKnows) {
  ObservationContext context;
  context.now_nsec = kNow;
  EXPECT_EQ(observe("lifecycle", {}, context), (SeriesValues{{"container_last_seen", kNow}}));
}

TEST(LifecycleCollector, TakesTheBootForTheStartOfTheHost) {
  HostStats host;
  host.machine.boot_time_seconds = 1'600'000'000;
  ObservationContext context;
  context.workload.kind = WorkloadKind::kHost;
  context.workload.cgroup_created_nsec = 5;  // of the mount's root directory: says nothing about the host
  context.host = &host;
  const SeriesValues values = observe("lifecycle", {}, context);
  EXPECT_EQ(values.at("container_start_time_seconds"), 1'600'000'000'000'000'000U);
  EXPECT_EQ(values.at("container_creation_time_seconds"), 1'600'000'000'000'000'000U);
}

TEST(LifecycleCollector, ReportsHealthOnlyWhereThereIsAHealthCheck) {
  ObservationContext context = container();
  EXPECT_EQ(observe("lifecycle", {}, context).count("container_health_state"), 0U);
  const std::pair<Health, std::uint64_t> expected[] = {
      {Health::kStarting, 0}, {Health::kUnhealthy, 0}, {Health::kHealthy, 1}};
  for (const auto& [health, value] : expected) {
    context.workload.container.health = health;
    EXPECT_EQ(observe("lifecycle", {}, context).at("container_health_state"), value) << to_string(health);
  }
}

TEST(LifecycleCollector, SaysOfAContainerWhetherItIsPaused) {
  CgroupStats stats;
  EXPECT_EQ(observe("lifecycle", stats, container()).count("container_paused"), 0U) << "not read";
  for (const std::uint64_t frozen : {0U, 1U}) {
    stats.frozen = frozen;
    EXPECT_EQ(observe("lifecycle", stats, container()).at("container_paused"), frozen);
    ObservationContext service = container();
    service.workload.kind = WorkloadKind::kService;
    EXPECT_EQ(observe("lifecycle", stats, service).count("container_paused"), frozen) << "others only while it lasts";
  }
}

TEST(LifecycleCollector, GivesAnEndedContainerItsLastSightAndNothingElse) {
  ObservationContext context = container();
  context.workload.container.health = Health::kHealthy;
  context.ended = true;
  EXPECT_EQ(observe("lifecycle", {}, context), (SeriesValues{{"container_last_seen", kNow}}));
  EXPECT_TRUE(collector_named("lifecycle").reports_ended);
}

TEST(LifecycleCollector, IsTheOnlyOneToReportTheEnded) {
  for (const Collector* collector : all_collectors()) {
    EXPECT_EQ(collector->reports_ended, collector->name == "lifecycle") << collector->name;
  }
}

TEST(LifecycleCollector, NamesTheOwnerOfAPodThatHasOne) {
  ObservationContext context;
  context.now_nsec = kNow;
  context.workload.kind = WorkloadKind::kPod;
  EXPECT_EQ(observe("lifecycle", {}, context).size(), 1U);
  context.workload.pod.owner = {"Deployment", "web"};
  const SeriesValues values = observe("lifecycle", {}, context);
  EXPECT_EQ(values.at(R"(container_pod_owner{owner_kind="Deployment",owner_name="web"})"), 1U);
}

}  // namespace
}  // namespace tallyman
