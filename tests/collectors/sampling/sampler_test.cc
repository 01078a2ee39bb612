#include "tests/collectors/sampling/sampler_fixture.h"
#include "tests/support/cgroup_trees.h"

#include <gmock/gmock.h>

namespace tallyman {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TEST_F(SamplerTest, AttachesWhatAppearsAndDetachesWhatIsGoneFromTheList) {
  sample(0, {workload("/"), workload("/a"), workload("/a/b")});
  EXPECT_THAT(source_->calls, ElementsAre("+/", "+/a", "+/a/b")) << "parents before children";
  source_->calls.clear();
  const SnapshotPtr snapshot = sample(1, {workload("/"), workload("/a-c"), workload("/a/b")});
  EXPECT_THAT(source_->calls, UnorderedElementsAre("-/a", "+/a-c"));
  EXPECT_THAT(ids(*snapshot), ElementsAre("/", "/a-c", "/a/b"));
  EXPECT_EQ(sampler_->statistics().attached, 3U);
  EXPECT_EQ(snapshot->sequence, 2U);
  sample(2, {});
  EXPECT_EQ(sampler_->statistics().attached, 0U);
  EXPECT_EQ(source_->passes_ended, 3);
}

TEST_F(SamplerTest, GivesEachWorkloadItsOwnValues) {
  source_->by_path["/a"] = threads(3);
  source_->by_path["/b"] = threads(4);
  source_->by_path["/b"].cpu.usage_nsec = 5;
  const SnapshotPtr snapshot = sample(0, {workload("/a"), workload("/b")});
  EXPECT_EQ(series_of(*snapshot, "/a"),
            (SeriesValues{{"container_last_seen", wall_nsec(0)}, {"container_threads", 3}}));
  EXPECT_EQ(series_of(*snapshot, "/b"), (SeriesValues{{"container_last_seen", wall_nsec(0)},
                                                      {"container_threads", 4},
                                                      {"container_cpu_usage_seconds_total{cpu=\"total\"}", 5}}));
  EXPECT_EQ(series_of(*snapshot).at(R"(container_threads{id="/b",kind="cgroup",workload="b"})"), 4U);
  EXPECT_EQ(snapshot->wall_time, at(0).wall);
  EXPECT_EQ(snapshot->values.size(), snapshot->layout->slots);
}

TEST_F(SamplerTest, SharesTheLayoutAsLongAsNothingChanges) {
  source_->by_path["/a"] = threads(3);
  const std::vector<WorkloadPtr> same = {workload("/"), workload("/a")};
  const SnapshotPtr first = sample(0, same);
  source_->by_path["/a"] = threads(9);
  const SnapshotPtr second = sample(1, same);
  EXPECT_EQ(first->layout, second->layout) << "values change, the plan does not";
  EXPECT_EQ(series_of(*first, "/a").at("container_threads"), 3U) << "what was given out does not change";
  EXPECT_EQ(series_of(*second, "/a").at("container_threads"), 9U);
  source_->by_path["/a"].pids.max = 10;
  const SnapshotPtr third = sample(2, same);
  EXPECT_NE(third->layout, second->layout) << "one series more";
  EXPECT_EQ(series_of(*third, "/a").at("container_threads_max"), 10U);
  EXPECT_EQ(series_of(*second, "/a").count("container_threads_max"), 0U);
}

TEST_F(SamplerTest, RelabelsAWorkloadWhoseNameIsKnownLater) {
  source_->by_path["/docker/1"] = threads(3);
  const SnapshotPtr before = sample(0, {workload("/docker/1")});
  EXPECT_EQ(series_of(*before).count(R"(container_threads{id="/docker/1",kind="cgroup",workload="1"})"), 1U);
  source_->calls.clear();
  const SnapshotPtr after = sample(1, {container("/docker/1", "web")});
  EXPECT_THAT(source_->calls, IsEmpty()) << "the cgroup is the same: nothing is opened again";
  EXPECT_EQ(series_of(*after),
            (SeriesValues{
                {R"(container_threads{id="/docker/1",name="web",kind="container",workload="web"})", 3},
                {R"(container_last_seen{id="/docker/1",name="web",kind="container",workload="web"})", wall_nsec(1)}}));
  EXPECT_NE(after->layout, before->layout);
  EXPECT_EQ(series_of(*before).size(), 2U) << "the older snapshot keeps its labels";
}

TEST_F(SamplerTest, BooksFaultsOnTheCollectorThatTheyAreAbout) {
  const auto report = [](std::uint64_t denied, std::uint64_t malformed, std::uint64_t io, std::string fault) {
    ReadReport made;
    made.denied = denied;
    made.malformed = malformed;
    made.io = io;
    made.first_fault = std::move(fault);
    return made;
  };
  source_->reports[CgroupStatsKind::kPids] = report(1, 0, 0, "pids.current: Permission denied");
  source_->reports[CgroupStatsKind::kLimits] = report(0, 2, 0, "cpu.max: not as the kernel documents it");
  source_->reports[CgroupStatsKind::kMemoryEvents] = report(0, 0, 3, "memory.events: Input/output error");
  sample(0, {workload("/a")});
  EXPECT_EQ(booked("pids").denied, 1U) << "not on network, which needs it too";
  EXPECT_EQ(booked("network").denied, 0U);
  EXPECT_EQ(booked("limits").malformed, 2U) << "not on cpu, which needs it too";
  EXPECT_EQ(booked("cpu").malformed, 0U);
  EXPECT_EQ(booked("memory").io, 3U);
  EXPECT_EQ(booked("memory").last_fault, "memory.events: Input/output error");
  sample(1, {workload("/a")});
  EXPECT_EQ(booked("pids").denied, 2U) << "since the start";
  source_->reports.clear();
  sample(2, {workload("/a")});
  EXPECT_EQ(booked("pids").denied, 2U);
  EXPECT_EQ(booked("pids").last_fault, "") << "of the last pass";
  EXPECT_GT(booked("pids").total_seconds, 0.0);
}

TEST_F(SamplerTest, BooksTheHostsFaultsOnTheMachine) {
  host_.file("proc/meminfo", "MemTotal: much kB\n");
  sample(0, {workload("/", WorkloadKind::kHost)});
  EXPECT_EQ(booked("machine").malformed, 1U);
  EXPECT_EQ(booked("lifecycle").malformed, 0U);
}

TEST_F(SamplerTest, NeverGivesTwoSeriesWithTheSameLabels) {
  IoDeviceStats row;
  row.device = "/dev/vda";
  row.rios = 1;
  source_->by_path["/a"].io = {row, row};  // two numbers that sysfs gives one name
  const SnapshotPtr snapshot = sample(0, {workload("/a")});
  EXPECT_EQ(series_of(*snapshot).size(), 2U);
  EXPECT_EQ(sampler_->statistics().duplicates, 1U);
  source_->by_path["/a"].io = {row};
  sample(1, {workload("/a")});
  EXPECT_EQ(sampler_->statistics().duplicates, 0U) << "of the last pass";
}

TEST_F(SamplerTest, GivesTheMachineAndTheAgentBlocksOfTheirOwn) {
  host_.file("proc/meminfo", "MemTotal: 1000 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n");
  host_.file("etc/machine-id", "4c4c\n").file("proc/sys/kernel/random/boot_id", "b00t\n");
  host_.file("proc/sys/kernel/osrelease", "6.1.0\n");
  source_->by_path["/"].cpu.usage_nsec = 5;
  const SnapshotPtr snapshot = sample(0, {workload("/", WorkloadKind::kHost), workload("/a")});
  ASSERT_THAT(ids(*snapshot), ElementsAre("/", "/", "/", "/a"));
  const SeriesValues values = series_of(*snapshot);
  EXPECT_EQ(values.at(R"(machine_memory_bytes{machine_id="4c4c",boot_id="b00t",kind="host",workload="host"})"),
            1'024'000U);
  EXPECT_EQ(values.at(R"(cadvisor_version_info{kernelVersion="6.1.0",cadvisorVersion="tallyman"})"), 1U);
  EXPECT_EQ(values.at("container_scrape_error"), 0U) << "no labels at all";
  EXPECT_EQ(values.at("machine_scrape_error"), 0U);
  EXPECT_EQ(values.at(R"(container_cpu_usage_seconds_total{id="/",kind="host",workload="host",cpu="total"})"), 5U);
  EXPECT_EQ(values.at(R"(container_spec_memory_limit_bytes{id="/",kind="host",workload="host"})"), 1'024'000U);
  EXPECT_EQ(values.at(R"(container_memory_swap{id="/",kind="host",workload="host"})"), 0U);
  EXPECT_EQ(sampler_->host().memory.total, 1'024'000U);
}

TEST_F(SamplerTest, ReadsOnlyWhatItsCollectorsNeed) {
  make(collectors({"pids"}));
  source_->by_path["/a"] = threads(3);
  source_->by_path["/a"].cpu.usage_nsec = 1;
  const SnapshotPtr snapshot = sample(0, {workload("/a")});
  EXPECT_THAT(source_->kinds_read, ElementsAre(CgroupStatsKind::kPids));
  EXPECT_EQ(series_of(*snapshot), (SeriesValues{{R"(container_threads{id="/a",kind="cgroup",workload="a"})", 3}}));
  ASSERT_EQ(sampler_->statistics().collectors.size(), 1U);
  make(collectors({"cpu"}));
  sample(0, {workload("/a")});
  EXPECT_THAT(source_->kinds_read, ElementsAre(CgroupStatsKind::kLimits, CgroupStatsKind::kCpu)) << "the quota first";
}

// An overloaded machine: the pass waits for ten seconds before each file, except for two of them.
TEST_F(SamplerTest, ASnapshotHasTheTimeAtWhichCpuAndPressureWereRead) {
  int clock = 0;
  make(collectors({"cpu", "pressure", "memory", "limits", "pids"}), [&] { return at(clock); });
  source_->on_read = [&](CgroupStatsKind kind) {
    clock += kind == CgroupStatsKind::kCpu || kind == CgroupStatsKind::kPressure ? 2 : 10;
  };
  const SnapshotPtr snapshot = sample(0, {workload("/")});
  EXPECT_EQ(source_->kinds_read[1], CgroupStatsKind::kPressure) << "the limits before";
  EXPECT_EQ(source_->kinds_read[2], CgroupStatsKind::kCpu);
  EXPECT_EQ(snapshot->steady_time, at(12).steady) << "a source without times";
  EXPECT_EQ(snapshot->wall_time, at(12).wall);
}

TEST_F(SamplerTest, ASnapshotHasTheTimeAtWhichTheHostsCpuTimeWasRead) {
  make(collectors({"cpu"}), [] { return at(10); });
  source_->by_path["/"].cpu.usage_nsec = source_->by_path["/a"].cpu.usage_nsec = 1;
  source_->by_path["/"].cpu.read_at = at(11).steady;
  source_->by_path["/a"].cpu.read_at = at(14).steady;  // this pass had to wait between the two
  const SnapshotPtr snapshot = sample(0, {workload("/", WorkloadKind::kHost), workload("/a")});
  EXPECT_EQ(snapshot->steady_time, at(11).steady);
  EXPECT_EQ(snapshot->wall_time, at(11).wall);
  for (const Block& block : snapshot->layout->blocks) {
    if (block.workload->id == "/a") {
      EXPECT_EQ(snapshot->time_of(block), at(14).steady);
    }
  }
  EXPECT_EQ(snapshot->time_of(snapshot->layout->blocks.front()), at(11).steady);
}

TEST_F(SamplerTest, GivesTheHostsFiguresWhicheverOtherCollectorsAreOff) {
  host_.file("proc/meminfo", "MemTotal: 1000 kB\nSwapTotal: 9 kB\nSwapFree: 8 kB\n");
  host_.file("proc/diskstats", " 254 0 vda 10 20 30 40 50 60 70 80 1 90 100\n");
  const std::pair<std::string_view, std::string> expected[] = {{"limits", "container_spec_memory_limit_bytes"},
                                                               {"memory", "container_memory_swap"},
                                                               {"io", "container_fs_reads_total{device=\"/dev/vda\"}"},
                                                               {"lifecycle", "container_last_seen"}};
  for (const auto& [collector, series] : expected) {
    make(collectors({collector}));
    const SnapshotPtr snapshot = sample(0, {workload("/", WorkloadKind::kHost)});
    EXPECT_EQ(series_of(*snapshot, "/").count(series), 1U) << collector;
  }
}

TEST_F(SamplerTest, MakesEverySlowIntervalASlowPass) {
  for (const int second : {0, 1, 5, 9, 10, 11, 19, 20, 45, 46}) {
    sample(second, {});
  }
  EXPECT_THAT(source_->slow_passes, ElementsAre(true, false, false, false, true, false, false, true, true, false));
}

TEST_F(SamplerTest, ReportsWhatItKeepsOpen) {
  const SamplerStatistics statistics = sampler_->statistics();
  EXPECT_EQ(statistics.files.open, 5U);
  EXPECT_EQ(statistics.files.limit, 7U + 1'024U) << "and those of the network";
  EXPECT_TRUE(statistics.files.reopens);
  EXPECT_EQ(statistics.passes, 0U);
}

TEST_F(SamplerTest, CountsCutAndCollidingLabels) {
  auto odd = std::make_shared<Workload>(*container("/docker/1", std::string(5'000, 'n')));
  odd->workload = "short";
  odd->container.labels = {{"a.b", "1"}, {"a-b", "2"}};
  sample(0, {odd});
  sample(1, {odd});
  EXPECT_EQ(sampler_->statistics().labels_truncated, 1U) << "labels are laid out once, not with each sample";
  EXPECT_EQ(sampler_->statistics().label_collisions, 1U);
}

TEST(SamplerOnFiles, HandlesTwoThousandCgroupsThatAreCreatedAndRemoved) {
  HostBuilder host;
  mount_v2(host);
  std::vector<WorkloadPtr> all;
  for (int i = 0; i < 2'000; ++i) {
    char id[32];
    snprintf(id, sizeof id, "/docker/%04d", i);
    host.file(v2_path(id, "cgroup.procs"), "").file(v2_path(id, "pids.current"), std::to_string(i) + "\n");
    all.push_back(container(id, "c" + std::to_string(i)));
  }
  SamplerOptions options;
  options.collectors = collectors({"lifecycle", "pids"});
  Sampler sampler(options, host.root(), sources_for(options, host.root(), source_on(host, 1'500)),
                  LabelPolicy::make({}).value());
  SnapshotPtr snapshot = sampler.sample(list(all), at(0));
  EXPECT_EQ(series_of(*snapshot).size(), 4'000U);
  EXPECT_EQ(series_of(*snapshot, "/docker/1234").at("container_threads"), 1'234U);
  EXPECT_EQ(sampler.statistics().files.open, 1'500U);
  EXPECT_TRUE(sampler.statistics().files.reopens);
  const auto layout = snapshot->layout;
  snapshot = sampler.sample(list(all), at(1));
  EXPECT_EQ(snapshot->layout, layout);

  const std::vector<WorkloadPtr> half(all.begin(), all.begin() + 1'000);
  snapshot = sampler.sample(list(half), at(2));
  EXPECT_EQ(series_of(*snapshot).size(), 3'000U) << "1,000 alive with two series, 1,000 ended with one";
  EXPECT_EQ(sampler.statistics().ended, 1'000U);
  snapshot = sampler.sample(list(half), at(200));
  EXPECT_EQ(series_of(*snapshot).size(), 2'000U);
  EXPECT_LE(sampler.statistics().files.open, 1'500U);
  snapshot = sampler.sample(list(all), at(201));
  EXPECT_EQ(series_of(*snapshot).size(), 4'000U);
  EXPECT_EQ(sampler.statistics().attached, 2'000U);
}

}  // namespace
}  // namespace tallyman
