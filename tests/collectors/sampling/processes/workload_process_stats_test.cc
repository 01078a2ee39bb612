// Process groups as well as cgroups, and the thread that scans.
#include "collectors/sampling/processes/workload_process_stats.h"

#include "collectors/sampling/processes/process_watch.h"
#include "tests/collectors/sampling/sampler_fixture.h"
#include "tests/support/process_host.h"

#include <gmock/gmock.h>

#include <thread>

namespace tallyman {
namespace {

using namespace std::chrono_literals;

ProcessReportPtr report_with(const std::string& id, std::uint64_t threads) {
  auto report = std::make_shared<ProcessReport>();
  auto group = std::make_shared<Workload>();
  group->kind = WorkloadKind::kProcess;
  group->id = id;
  group->workload = id.substr(8);
  report->groups.push_back(group);
  report->group_stats[id].pids.current = threads;
  report->facts[id].processes = threads;
  return report;
}

TEST(GroupedStatsSource, HasCgroupsAndGroupsUnderHandlesOfItsOwn) {
  auto fake = std::make_unique<FakeStatsSource>();
  fake->by_path["/a"].pids.current = 5;
  ProcessReportPtr report = report_with("process:nginx", 3);
  const auto source = make_grouped_stats_source(std::move(fake), [&] { return report; });
  const auto group = source->attach("process:nginx");
  const auto cgroup = source->attach("/a");
  const auto unknown = source->attach("process:gone");
  source->begin_pass(false);
  EXPECT_EQ(source->stats(group).pids.current, 3U);
  EXPECT_EQ(source->stats(cgroup).pids.current, 5U);
  EXPECT_FALSE(source->stats(unknown).pids.current);
  EXPECT_FALSE(source->gone(group));
  EXPECT_TRUE(source->processes(group).value().empty());
  report = report_with("process:nginx", 4);
  EXPECT_EQ(source->stats(group).pids.current, 3U);  // what a pass has begun with stays
  source->begin_pass(false);
  EXPECT_EQ(source->stats(group).pids.current, 4U);
  source->detach(group);
  EXPECT_EQ(source->attach("/b"), group);
}

TEST(WithGroups, PutsThemBehindTheCgroups) {
  const WorkloadListPtr cgroups = list({workload("/", WorkloadKind::kHost), workload("/a")});
  EXPECT_EQ(with_groups(cgroups, nullptr), cgroups);
  const WorkloadListPtr all = with_groups(cgroups, report_with("process:nginx", 1));
  ASSERT_EQ(all->size(), 3U);
  EXPECT_TRUE(std::is_sorted(all->begin(), all->end(), [](const auto& a, const auto& b) { return a->id < b->id; }));
}

TEST(ProcessGroupsInASample, HaveTheFamiliesOfContainers) {
  HostBuilder host;
  const ProcessReportPtr report = report_with("process:nginx", 3);
  const LastProcessReport last = [&] { return report; };
  SamplerOptions options;
  options.collectors = collectors({"pids", "process", "lifecycle"});
  Sampler sampler(
      options, host.root(),
      sources_for(options, host.root(), make_grouped_stats_source(std::make_unique<FakeStatsSource>(), last), last),
      LabelPolicy::make({".*", true, 1024}).value());
  const SnapshotPtr snapshot = sampler.sample(with_groups(list({workload("/", WorkloadKind::kHost)}), report), at(1));
  EXPECT_EQ(
      series_of(*snapshot, "process:nginx"),
      (SeriesValues{{"container_threads", 3}, {"container_processes", 3}, {"container_last_seen", wall_nsec(1)}}));
  const std::string& labels = snapshot->layout->blocks.back().plan->base_labels;
  EXPECT_EQ(labels, R"(id="process:nginx",kind="process",workload="nginx")");
}

TEST(ProcessWatch, WaitsLongerWhereAScanCostsMoreThanItsShare) {
  ProcessWatchOptions options;
  options.interval = 1s;
  options.max_percent = 2;
  EXPECT_EQ(ProcessWatch::pause_after(0.001, options), 1s);
  EXPECT_EQ(ProcessWatch::pause_after(0.02, options), 1s);
  EXPECT_EQ(ProcessWatch::pause_after(0.16, options), 8s);
}

TEST(ProcessWatch, PublishesWhileItRunsAndStopsAtOnce) {
  ProcessHost processes;
  processes.set({.pid = 10, .utime = 1});
  const WorkloadListPtr cgroups = list({workload("/", WorkloadKind::kHost)});
  ProcessWatchOptions options;
  options.interval = 10ms;
  ProcessWatch watch(processes.host.root(), ProcessGrouping::make({}).value(), options, [&] { return cgroups; });
  EXPECT_EQ(watch.report(), nullptr);
  watch.start();
  const auto end = std::chrono::steady_clock::now() + 20s;
  while (watch.statistics().scans < 5 && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(2ms);
    if (const ProcessReportPtr report = watch.report()) {
      EXPECT_EQ(report->groups.size(), 1U);
    }
  }
  watch.stop();
  const std::uint64_t scans = watch.statistics().scans;
  EXPECT_GE(scans, 5U);
  EXPECT_GT(watch.statistics().cpu_seconds, 0);
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(watch.statistics().scans, scans);
}

}  // namespace
}  // namespace tallyman
