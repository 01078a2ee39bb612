#include "agent/service/make_sampling_service.h"

#include "tests/agent/service/small_host.h"
#include "tests/support/eventually.h"
#include "tests/support/process_host.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

namespace tallyman {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

std::unique_ptr<SamplingService> observe(const Options& options, SamplingServiceEvents events = {}) {
  auto made = make_sampling_service(options, std::move(events));
  if (!made) {
    ADD_FAILURE() << to_string(made.error());
    return nullptr;
  }
  return std::move(*made);
}

std::set<std::string> sampled_ids(const Snapshot& snapshot) {
  std::set<std::string> ids;
  for (const Block& block : snapshot.layout->blocks) {
    if (!block.ended) {
      ids.insert(block.workload->id);
    }
  }
  return ids;
}

TEST(SamplingService, SamplesOnceWithoutThreads) {
  const SmallHost small;
  const auto sampling_service = observe(small.options());
  ASSERT_EQ(sampling_service->snapshot(), nullptr);
  const SnapshotPtr snapshot = sampling_service->sample_once();
  ASSERT_NE(snapshot, nullptr);
  EXPECT_EQ(snapshot, sampling_service->snapshot());
  EXPECT_EQ(sampling_service->snapshot_before(), nullptr);
  EXPECT_THAT(sampled_ids(*snapshot), Contains(SmallHost::cgroup_of(SmallHost::kWeb)));
  EXPECT_THAT(sampled_ids(*snapshot), Contains(SmallHost::cgroup_of(SmallHost::kDb)));
  EXPECT_EQ(sampling_service->statistics().sampler.passes, 1U);
  sampling_service->sample_once();
  EXPECT_EQ(snapshot, sampling_service->snapshot_before());
}

TEST(SamplingService, HasBareProcessesAfterTheCgroups) {
  SmallHost small;
  small.host.file("proc/77/stat", ProcessHost::stat_line({.pid = 77, .comm = "nginx", .utime = 5}));
  small.host.file("proc/78/stat", ProcessHost::stat_line({.pid = 78, .comm = "php"}));
  small.host.file("proc/78/cgroup", "4:memory:" + SmallHost::cgroup_of(SmallHost::kWeb) + "\n");
  Options options = small.options();
  auto sampling_service = observe(options);
  const SnapshotPtr snapshot = sampling_service->sample_once();
  EXPECT_THAT(sampled_ids(*snapshot), AllOf(Contains("process:nginx"), Not(Contains("process:php"))));
  EXPECT_EQ(sampling_service->workloads()->back()->id, "process:nginx");
  EXPECT_EQ(sampling_service->statistics().processes->processes, 2U);
  const WorkloadListPtr workloads = sampling_service->workloads();
  const auto web = std::find_if(workloads->begin(), workloads->end(), [](const WorkloadPtr& one) {
    return one->id == SmallHost::cgroup_of(SmallHost::kWeb);
  });
  ASSERT_NE(web, workloads->end());
  EXPECT_EQ(sampling_service->processes_of(**web)->executables.at(0).name, "php");

  options.processes.bare = false;
  sampling_service = observe(options);
  EXPECT_THAT(sampled_ids(*sampling_service->sample_once()), Not(Contains("process:nginx")));
}

TEST(SamplingService, HasTheCollectorsThatTheUserChose) {
  const auto named = [](const Options::Collectors& options) {
    std::set<std::string_view> names;
    for (const Collector* one : chosen_collectors(options)) {
      names.insert(one->name);
    }
    return names;
  };
  Options::Collectors options;
  EXPECT_THAT(named(options), Contains("cpu"));
  EXPECT_THAT(named(options), Not(Contains("numa")));
  options.switches = {{"cpu", false}, {"numa", true}};
  EXPECT_THAT(named(options), Not(Contains("cpu")));
  EXPECT_THAT(named(options), Contains("numa"));
  EXPECT_THAT(named(options), Contains("memory"));
}

TEST(SamplingService, FollowsTheHostWhileItRuns) {
  SmallHost small;
  const auto sampling_service = observe(small.options());
  sampling_service->start();
  ASSERT_TRUE(eventually([&] { return sampling_service->snapshot() != nullptr; }));

  const std::string late(64, 'c');
  small.add_container(late, "late");
  EXPECT_TRUE(
      eventually([&] { return sampled_ids(*sampling_service->snapshot()).contains(SmallHost::cgroup_of(late)); }));

  remove_v1_cgroup(small.host, SmallHost::cgroup_of(SmallHost::kDb));
  EXPECT_TRUE(eventually(
      [&] { return !sampled_ids(*sampling_service->snapshot()).contains(SmallHost::cgroup_of(SmallHost::kDb)); }));
  EXPECT_TRUE(sampled_ids(*sampling_service->snapshot()).contains(SmallHost::cgroup_of(SmallHost::kWeb)));
  sampling_service->stop();
  const std::uint64_t passes = sampling_service->statistics().sampler.passes;
  std::this_thread::sleep_for(250ms);
  EXPECT_EQ(sampling_service->statistics().sampler.passes, passes);
}

TEST(SamplingService, ReadersOfAllKindsAndTheSamplerDoNotDisturbOneAnother) {
  SmallHost small;
  const auto sampling_service = observe(small.options());
  sampling_service->start();
  ASSERT_TRUE(eventually([&] { return sampling_service->snapshot() != nullptr; }));
  std::atomic<bool> end = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      std::uint64_t newest = 0;
      while (!end) {
        const SnapshotPtr snapshot = sampling_service->snapshot();
        EXPECT_GE(snapshot->sequence, newest);
        newest = snapshot->sequence;
        EXPECT_FALSE(sampled_ids(*snapshot).empty());
        EXPECT_FALSE(sampling_service->workloads()->empty());
        EXPECT_GE(sampling_service->statistics().sampler.passes, newest);
        EXPECT_GE(sampling_service->host().machine.cpu_cores + 1, 1U);
        std::this_thread::sleep_for(1ms);
      }
    });
  }
  EXPECT_TRUE(eventually([&] { return sampling_service->statistics().sampler.passes >= 5; }));
  end = true;
  for (std::thread& reader : readers) {
    reader.join();
  }
}

TEST(SamplingService, StopsInTheMiddleOfALongWait) {
  SmallHost small;
  Options options = small.options();
  options.sampling.interval = 1h;
  const auto sampling_service = observe(options);
  sampling_service->start();
  ASSERT_TRUE(eventually([&] { return sampling_service->snapshot() != nullptr; }));
  sampling_service->stop();
  sampling_service->stop();
  EXPECT_EQ(sampling_service->statistics().sampler.passes, 1U);
}

TEST(SamplingService, ReportsTheErrorsOfEachCollector) {
  SmallHost small;
  small.host.file(v1_path("memory", SmallHost::cgroup_of(SmallHost::kWeb), "memory.stat"), "total_cache many\n");
  std::vector<std::pair<std::string, std::string>> faults;
  SamplingServiceEvents events;
  events.fault = [&](std::string_view collector, const std::string& fault) { faults.emplace_back(collector, fault); };
  const auto sampling_service = observe(small.options(), std::move(events));
  sampling_service->sample_once();
  EXPECT_THAT(faults, Contains(testing::Pair("memory", HasSubstr("memory.stat"))));
}

TEST(SamplingService, RefusesAHostWithoutCgroups) {
  HostBuilder host;
  host.file("proc/1/mountinfo", "");
  Options options;
  options.root = host.root();
  const auto made = make_sampling_service(options, {});
  ASSERT_FALSE(made);
  EXPECT_THAT(to_string(made.error()), AllOf(HasSubstr("sys/fs/cgroup"), HasSubstr("no cgroup hierarchy")));
}

TEST(SamplingService, RefusesAnExpressionThatDoesNotCompile) {
  const SmallHost small;
  Options labels = small.options();
  labels.labels.container = "(";
  EXPECT_THAT(to_string(make_sampling_service(labels, {}).error()), HasSubstr("labels.container"));
  Options interfaces = small.options();
  interfaces.collectors.ignored_interfaces = "[";
  EXPECT_THAT(to_string(make_sampling_service(interfaces, {}).error()),
              HasSubstr("collector.network.ignored-interfaces"));
}

}  // namespace
}  // namespace tallyman
