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

// What the cgroups have, and what was seen of their processes.
class HiddenProcesses : public ::testing::Test {
 protected:
  void has(const std::string& id, Count threads) { source_.by_path[id].pids.current = threads; }
  void saw(const std::string& id, std::uint64_t processes, bool some_hidden = false) {
    ProcessFacts& facts = seen_[id];
    facts.processes = facts.threads = processes;
    facts.open_files = processes * 3;
    facts.some_hidden = some_hidden;
  }
  // The processes that are reported; "-" where that is not known.
  std::map<std::string, std::string> reported() {
    auto report = std::make_shared<ProcessReport>();
    report->facts.insert(seen_.begin(), seen_.end());
    report_ = report;
    if (!stats_) {
      stats_ = make_workload_process_stats([this] { return report_; }, source_);
      for (const auto& [id, facts] : seen_) {
        handles_[id] = source_.attach(id);
        stats_->attach(handles_[id], *workload(id));
      }
    }
    stats_->read(false);
    std::map<std::string, std::string> found;
    for (const auto& [id, handle] : handles_) {
      static const CgroupStats kNone;
      const Workload of;
      Observation observation{of, kNone, {}, nullptr, 0};
      stats_->fill(handle, observation);
      found[id] = observation.processes == nullptr ? "-" : std::to_string(*observation.processes->processes);
    }
    return found;
  }

  FakeStatsSource source_;
  ProcessReportPtr report_;
  std::map<std::string, ProcessFacts> seen_;
  std::map<std::string, StatsSource::Handle> handles_;
  std::unique_ptr<WorkloadStatsSource> stats_;
};

using Reported = std::map<std::string, std::string>;

TEST_F(HiddenProcesses, AreUnknownAndNotZero) {
  has("/docker/web", 3);
  has("/docker/idle", 0);
  has("/docker/own", 2);
  saw("/", 2);
  saw("/docker", 2);
  saw("/docker/web", 0);
  saw("/docker/idle", 0);
  saw("/docker/own", 2);
  EXPECT_EQ(reported(),
            (Reported{{"/", "-"}, {"/docker", "-"}, {"/docker/web", "-"}, {"/docker/idle", "0"}, {"/docker/own", "2"}}))
      << "those above lack them, too";
  saw("/docker/web", 3);
  saw("/docker", 5);
  EXPECT_EQ(reported()["/docker/web"], "3");
  EXPECT_EQ(reported()["/docker"], "5");
}

TEST_F(HiddenProcesses, OfACgroupThatHasJustBegunAreNotMissedAboveIt) {
  has("/docker/web", 0);
  saw("/", 9);
  saw("/docker/web", 0);
  EXPECT_EQ(reported(), (Reported{{"/", "9"}, {"/docker/web", "0"}}));
  has("/docker/web", 1);  // after the scan
  stats_->read(false);
  EXPECT_EQ(reported(), (Reported{{"/", "9"}, {"/docker/web", "-"}}));
  EXPECT_EQ(reported(), (Reported{{"/", "-"}, {"/docker/web", "-"}})) << "now it is certain";
}

TEST_F(HiddenProcesses, AreSuspectedWhereProcHidesAny) {
  has("/a", 2);
  has("/b", 5);
  saw("/", 4, true);
  saw("/a", 2, true);
  saw("/b", 2, true);
  EXPECT_EQ(reported(), (Reported{{"/", "-"}, {"/a", "2"}, {"/b", "-"}}));
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
