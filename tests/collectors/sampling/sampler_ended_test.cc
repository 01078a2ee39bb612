// Cgroups that vanish, containers that have ended, and those that reappear.
#include "tests/collectors/sampling/sampler_fixture.h"
#include "tests/support/cgroup_trees.h"

#include <gmock/gmock.h>

namespace tallyman {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(SamplerTest, DropsACgroupThatVanishedInMidSample) {
  source_->by_path["/a"] = threads(1);
  source_->by_path["/b"] = threads(2);
  const std::vector<WorkloadPtr> both = {workload("/a"), workload("/b")};
  sample(0, both);
  source_->gone_paths.insert("/a");
  const SnapshotPtr snapshot = sample(1, both);
  EXPECT_THAT(ids(*snapshot), ElementsAre("/b")) << "no half of a sample";
  source_->gone_paths.clear();
  source_->calls.clear();
  EXPECT_THAT(ids(*sample(2, both)), ElementsAre("/b")) << "discovery has not noticed yet: it stays gone";
  EXPECT_THAT(source_->calls, IsEmpty());
  EXPECT_THAT(ids(*sample(3, {both[1]})), ElementsAre("/b"));
  EXPECT_THAT(ids(*sample(4, both)), ElementsAre("/a", "/b")) << "out of the list and back: it is there";
}

TEST_F(SamplerTest, TakesARecreatedCgroupWhileTheOldOneIsStillListed) {
  sample(0, {workload("/a", WorkloadKind::kCgroup, 1)});
  source_->gone_paths.insert("/a");
  EXPECT_THAT(ids(*sample(1, {workload("/a", WorkloadKind::kCgroup, 1)})), IsEmpty());
  source_->gone_paths.clear();
  EXPECT_THAT(ids(*sample(2, {workload("/a", WorkloadKind::kCgroup, 2)})), ElementsAre("/a"));
}

TEST_F(SamplerTest, RemembersWhenAContainerWasLastSeenUntilTheGraceEnds) {
  const std::vector<WorkloadPtr> web = {container("/docker/1", "web")};
  source_->by_path["/docker/1"] = threads(3);
  sample(0, web);
  sample(7, web);
  for (const int second : {8, 60, 128}) {
    const SnapshotPtr snapshot = sample(second, {});
    EXPECT_EQ(series_of(*snapshot),
              (SeriesValues{
                  {R"(container_last_seen{id="/docker/1",name="web",kind="container",workload="web"})", wall_nsec(7)}}))
        << "the true last time, and nothing else";
    EXPECT_THAT(ids(*snapshot), ElementsAre("/docker/1 ended"));
  }
  EXPECT_EQ(sampler_->statistics().ended, 1U);
  EXPECT_EQ(series_of(*sample(129, {})), SeriesValues{}) << "121 s after it was found gone";
  EXPECT_EQ(sampler_->statistics().ended, 0U);
}

TEST_F(SamplerTest, RemembersTheSameOfOneThatVanishedInMidSample) {
  const std::vector<WorkloadPtr> web = {container("/docker/1", "web")};
  sample(0, web);
  sample(5, web);
  source_->gone_paths.insert("/docker/1");
  const SnapshotPtr snapshot = sample(6, web);
  EXPECT_THAT(ids(*snapshot), ElementsAre("/docker/1 ended"));
  EXPECT_EQ(series_of(*snapshot).begin()->second, wall_nsec(5)) << "not the time at which it was missed";
  EXPECT_THAT(ids(*sample(7, web)), ElementsAre("/docker/1 ended")) << "once, though still listed";
}

TEST_F(SamplerTest, RemembersNoContainerThatItNeverSampled) {
  source_->gone_paths.insert("/docker/1");
  EXPECT_THAT(ids(*sample(0, {container("/docker/1", "web")})), IsEmpty());
}

TEST_F(SamplerTest, RemembersContainersAlone) {
  sample(0, {workload("/system.slice/a.service", WorkloadKind::kService), workload("/x")});
  EXPECT_THAT(ids(*sample(1, {})), IsEmpty());
}

TEST_F(SamplerTest, KeepsTheEndedFromTheLayoutItSharesWithTheNext) {
  const std::vector<WorkloadPtr> two = {container("/docker/1", "web"), container("/docker/2", "db")};
  sample(0, two);
  const SnapshotPtr first = sample(1, {two[1]});
  const SnapshotPtr second = sample(2, {two[1]});
  EXPECT_EQ(first->layout, second->layout);
  EXPECT_EQ(series_of(*second).size(), 2U);
}

TEST_F(SamplerTest, RestartsForTheSameIdWithAnotherInode) {
  source_->by_path["/docker/1"] = threads(3);
  const SnapshotPtr before = sample(0, {container("/docker/1", "web", 10)});
  source_->calls.clear();
  const SnapshotPtr after = sample(1, {container("/docker/1", "web", 11)});
  EXPECT_THAT(source_->calls, ElementsAre("-/docker/1", "+/docker/1"));
  EXPECT_THAT(ids(*after), ElementsAre("/docker/1")) << "not also as an ended one: that would be the same series twice";
  EXPECT_EQ(series_of(*after).size(), 2U);
}

TEST_F(SamplerTest, ForgetsAnEndedContainerThatIsBack) {
  sample(0, {container("/docker/1", "web", 10)});
  EXPECT_THAT(ids(*sample(1, {})), ElementsAre("/docker/1 ended"));
  EXPECT_THAT(ids(*sample(2, {container("/docker/1", "web", 11)})), ElementsAre("/docker/1"));
  EXPECT_EQ(sampler_->statistics().ended, 0U);
}

WorkloadExit workload_exit(const WorkloadPtr& workload, std::uint64_t cpu_nsec, std::optional<std::int64_t> code) {
  auto ended = std::make_shared<Workload>(*workload);
  ended->seen_nsec = wall_nsec(0);
  ended->ended_nsec = wall_nsec(3);
  if (code) ended->container.exit = ContainerExit{code, false, wall_nsec(1), wall_nsec(3)};
  CgroupStats final_stats;
  final_stats.cpu.usage_nsec = final_stats.cpu.user_nsec = cpu_nsec;
  return {ended, final_stats, true};
}

TEST_F(SamplerTest, ShowsWhatAContainerCountedInTheEnd) {
  const auto web = container("/docker/1", "web");
  source_->by_path["/docker/1"].cpu.user_nsec = 1'000;
  source_->by_path["/docker/1"].memory.current = 50;
  sample(0, {web});
  const SnapshotPtr snapshot = sampler_->sample(list({}), at(4), {workload_exit(web, 1'700, 0)});
  const std::string labels = R"({id="/docker/1",name="web",kind="container",workload="web"})";
  const std::string total = R"({id="/docker/1",name="web",kind="container",workload="web",cpu="total"})";
  EXPECT_EQ(series_of(*snapshot), (SeriesValues{{"container_cpu_usage_seconds_total" + total, 1'700},
                                                {"container_cpu_user_seconds_total" + labels, 1'700},
                                                {"container_last_seen" + labels, wall_nsec(0)}}));
  EXPECT_EQ(sampler_->statistics().final_stats_by_source.cgroup_empty, 1U);
}

TEST_F(SamplerTest, ShowsAContainerThatExistedOnlyBetweenTwoSamples) {
  sample(0, {});
  const SnapshotPtr snapshot = sampler_->sample(list({}), at(4), {workload_exit(container("/docker/1", "job"), 9, 1)});
  EXPECT_THAT(ids(*snapshot), ElementsAre("/docker/1 ended"));
  EXPECT_EQ(sampler_->statistics().ended, 1U);
}

TEST_F(SamplerTest, ReportsEveryStartAndEnd) {
  SamplerOptions options;
  options.collectors = collectors();
  options.events = std::make_shared<EventLog>(100);
  Sampler sampler(options, host_.root(), sources_for(options, host_.root(), std::make_unique<FakeStatsSource>()),
                  LabelPolicy::make({}).value());
  const auto old = container("/docker/0", "old"), web = container("/docker/1", "web");
  sampler.sample(list({old}), at(0));
  sampler.sample(list({old, web}), at(1));
  sampler.sample(list({old}), at(2), {workload_exit(container("/docker/2", "job"), 5, {})});
  sampler.sample(list({old}), at(3), {workload_exit(web, 7, 3)});
  sampler.sample(list({old, container("/docker/1", "web", 2)}), at(4));
  std::vector<std::string> messages;
  for (const EventPtr& event : options.events->select({})) messages.push_back(event->message);
  EXPECT_THAT(messages, ElementsAre("web started", "job started", "job ended after 3 s",
                                    "web ended with exit code 3 after 2 s", "web restarted (exit 3)"));
}

TEST_F(SamplerTest, KeepsOneSetOfSeriesForAContainerThatRestartsBeforeItsEndIsKnown) {
  const auto web = container("/docker/1", "web", 10);
  sample(0, {web});
  sample(1, {});
  const auto again = container("/docker/1", "web", 11);
  EXPECT_THAT(ids(*sample(2, {again})), ElementsAre("/docker/1"));
  const SnapshotPtr later = sampler_->sample(list({again}), at(3), {workload_exit(web, 5, 0)});
  EXPECT_THAT(ids(*later), ElementsAre("/docker/1"));
  EXPECT_EQ(sampler_->statistics().final_stats_by_source.cgroup_empty, 1U) << "it is counted all the same";
  const auto unseen = container("/docker/1", "web", 12);
  EXPECT_THAT(ids(*sampler_->sample(list({again}), at(4), {workload_exit(unseen, 5, 0)})), ElementsAre("/docker/1"));
}

TEST(SamplerOnFiles, FindsOutByItselfThatACgroupVanished) {
  HostBuilder host;
  mount_v2(host);
  record_v2_container(host, "/docker/1");
  record_v2_container(host, "/docker/2");
  SamplerOptions options;
  options.collectors = collectors();
  Sampler sampler(options, host.root(), sources_for(options, host.root(), source_on(host, 0)),
                  LabelPolicy::make({}).value());
  const auto both = list({container("/docker/1", "a"), container("/docker/2", "b")});
  sampler.sample(both, at(0));
  host.remove(v2_path("/docker/1"));
  const SnapshotPtr snapshot = sampler.sample(both, at(1));
  ASSERT_EQ(snapshot->layout->blocks.size(), 2U);
  EXPECT_EQ(snapshot->layout->blocks[0].workload->id, "/docker/2");
  EXPECT_TRUE(snapshot->layout->blocks[1].ended);
  const SeriesValues ended = series_of(*snapshot, snapshot->layout->blocks[1]);
  EXPECT_EQ(ended.at("container_last_seen"), wall_nsec(0));
  EXPECT_TRUE(ended.contains("container_cpu_user_seconds_total")) << "counters stay";
  EXPECT_FALSE(ended.contains("container_memory_usage_bytes")) << "gauges stop at once";
  for (const CollectorStatistics& one : sampler.statistics().collectors) {
    EXPECT_EQ(one.denied + one.malformed + one.io, 0U) << one.collector << ": " << one.last_fault;
  }
}

}  // namespace
}  // namespace tallyman
