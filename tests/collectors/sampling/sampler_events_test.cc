// What the sampler reports of starts and ends: in the order in which they happened, with the
// exit code of a container's first process, over all runs of one container.
#include "tests/collectors/sampling/sampler_fixture.h"

#include <gmock/gmock.h>

#include <csignal>

namespace tallyman {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class SamplerEvents : public SamplerTest {
 protected:
  SamplerEvents() {
    SamplerOptions options;
    options.collectors = collectors();
    options.events = log_;
    options.init_exits = inits_;
    auto source = std::make_unique<FakeStatsSource>();
    source_ = source.get();
    sampler_ = std::make_unique<Sampler>(options, host_.root(), sources_for(options, host_.root(), std::move(source)),
                                         LabelPolicy::make({}).value());
  }

  // Each run has a cgroup and an init of its own.
  static std::shared_ptr<Workload> run_of_pod(std::uint32_t number, std::uint64_t seen) {
    auto run = std::make_shared<Workload>(*container("/kubepods/" + std::to_string(number), "crash", number));
    run->runtime = "containerd";
    run->seen_nsec = wall_nsec(seen);
    run->container.init_pid = 100 + number;
    run->container.kubernetes = KubernetesIdentity{"crash", "oom-vm", "shop", "11aa"};
    return run;
  }
  static WorkloadExit end_of(const WorkloadPtr& run, std::uint64_t ended) {
    auto known = std::make_shared<Workload>(*run);
    known->ended_nsec = wall_nsec(ended);
    return {known, CgroupStats(), true};
  }
  void pass(int second, std::vector<WorkloadPtr> workloads, std::vector<WorkloadExit> exits = {}) {
    sampler_->sample(list(std::move(workloads)), at(second), std::move(exits));
  }
  std::vector<std::string> messages() {
    std::vector<std::string> found;
    for (const EventPtr& event : log_->select({})) found.push_back(event->message);
    return found;
  }

  std::shared_ptr<EventLog> log_ = std::make_shared<EventLog>(100);
  std::shared_ptr<InitExits> inits_ = std::make_shared<InitExits>();
};

TEST_F(SamplerEvents, ARestartLoopOfAPodIsOneOfAllItsRuns) {
  pass(0, {});
  for (std::uint32_t i = 0; i < 4; ++i) {
    const std::uint64_t begin = 15 * i + 1;
    const auto run = run_of_pod(i, begin);
    pass(static_cast<int>(begin), {run});
    inits_->add(100 + i, 3 << 8, wall_nsec(begin + 5));
    inits_->complete_until(wall_nsec(begin + 6));
    pass(static_cast<int>(begin) + 6, {}, {end_of(run, begin + 5)});
  }
  EXPECT_THAT(
      messages(),
      ElementsAre("crash in shop/oom-vm started", "crash in shop/oom-vm ended with exit code 3 after 5 s",
                  "crash in shop/oom-vm restarted (exit 3)", "crash in shop/oom-vm ended with exit code 3 after 5 s",
                  "crash in shop/oom-vm restarted 2 times in 30 s (exit 3)",
                  "crash in shop/oom-vm ended with exit code 3 after 5 s",
                  "crash in shop/oom-vm restarted 3 times in 45 s (exit 3)",
                  "crash in shop/oom-vm ended with exit code 3 after 5 s"));
}

TEST_F(SamplerEvents, AnEndWaitsForTheKernelsRecordAndTheNextStartForTheEnd) {
  pass(0, {});
  const auto first = run_of_pod(1, 1), next = run_of_pod(2, 3);
  pass(1, {first});
  inits_->complete_until(wall_nsec(1));
  pass(3, {next}, {end_of(first, 2)});
  EXPECT_EQ(messages().size(), 1U) << "the record may still come";
  inits_->add(101, SIGSEGV, wall_nsec(2));
  inits_->complete_until(wall_nsec(3));
  pass(4, {next});
  EXPECT_THAT(messages(),
              ElementsAre("crash in shop/oom-vm started", "crash in shop/oom-vm was killed by SIGSEGV after 1 s",
                          "crash in shop/oom-vm restarted (SIGSEGV)"));
  const Event& died = *log_->select({})[1];
  EXPECT_EQ(number_in(died, "exit_code"), 139);
  EXPECT_EQ(number_in(died, "signal"), 11);
}

TEST_F(SamplerEvents, AnEndWithoutARecordHasNoExitCode) {
  pass(0, {});
  const auto run = run_of_pod(1, 1);
  pass(1, {run});
  inits_->add(999, 7 << 8, wall_nsec(2));  // another process of the container
  inits_->complete_until(wall_nsec(3));
  pass(3, {}, {end_of(run, 2)});
  EXPECT_THAT(messages(), ElementsAre("crash in shop/oom-vm started", "crash in shop/oom-vm ended after 1 s"));
  const auto late = run_of_pod(2, 4);
  pass(4, {late});
  pass(5, {}, {end_of(late, 5)});
  EXPECT_EQ(messages().size(), 3U);
  pass(11, {});
  EXPECT_EQ(messages().back(), "crash in shop/oom-vm ended after 1 s") << "records stay away: it waits no longer";
}

TEST_F(SamplerEvents, TheRuntimesOwnWordGoesFirst) {
  pass(0, {});
  const auto run = run_of_pod(1, 1);
  pass(1, {run});
  inits_->add(101, 3 << 8, wall_nsec(2));
  WorkloadExit end = end_of(run, 2);
  auto known = std::make_shared<Workload>(*end.workload);
  known->container.exit = ContainerExit{4, false, wall_nsec(1), wall_nsec(2)};
  end.workload = known;
  pass(3, {}, {end});
  EXPECT_EQ(messages().back(), "crash in shop/oom-vm ended with exit code 4 after 1 s");
}

TEST_F(SamplerEvents, AnOomKillThatEndsAContainerNamesItsLimit) {
  source_->by_path["/kubepods/1"].limits.memory_max = 64 << 20;
  source_->by_path["/kubepods/1"].memory_events.oom_kill = 0;
  pass(0, {});
  const auto run = run_of_pod(1, 1);
  pass(1, {run});
  inits_->add(101, SIGKILL, wall_nsec(2));
  inits_->complete_until(wall_nsec(3));
  WorkloadExit end = end_of(run, 2);
  end.final_stats->memory_events.oom_kill = 1;
  pass(3, {}, {end});
  const auto events = log_->select({});
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[1]->type, EventType::kOomKilled);
  EXPECT_EQ(number_in(*events[1], "memory_limit_bytes"), 64 << 20);
  EXPECT_EQ(events[2]->message, "crash in shop/oom-vm was OOM-killed after 1 s");
  EXPECT_LE(events[1]->time_nsec, events[2]->time_nsec);
}

TEST_F(SamplerEvents, AContainerThatLivesOnAfterAnOomKillDidNotDieOfIt) {
  source_->by_path["/kubepods/1"].memory_events.oom_kill = 1;
  pass(0, {});
  const auto run = run_of_pod(1, 1);
  pass(1, {run});
  inits_->add(101, 0, wall_nsec(20));
  inits_->complete_until(wall_nsec(21));
  pass(21, {}, {end_of(run, 20)});
  EXPECT_EQ(messages().back(), "crash in shop/oom-vm ended with exit code 0 after 19 s");
}

TEST_F(SamplerEvents, AStartWaitsForTheName) {
  pass(0, {});
  auto unnamed = std::make_shared<Workload>(*run_of_pod(1, 1));
  unnamed->workload = "0123456789ab";
  unnamed->container = {};
  pass(1, {unnamed});
  EXPECT_THAT(messages(), IsEmpty());
  pass(2, {run_of_pod(1, 1)});
  EXPECT_THAT(messages(), ElementsAre("crash in shop/oom-vm started"));
  EXPECT_EQ(log_->select({})[0]->time_nsec, wall_nsec(1));
  auto nameless = std::make_shared<Workload>(*unnamed);
  nameless->id = "/kubepods/2";
  pass(3, {nameless});
  pass(6, {nameless});
  EXPECT_THAT(messages(), ElementsAre("crash in shop/oom-vm started", "0123456789ab started"));
}

TEST_F(SamplerEvents, ProgramsHaveNone) {
  pass(0, {});
  pass(1, {workload("process:rm", WorkloadKind::kProcess)});
  pass(2, {});
  EXPECT_THAT(messages(), IsEmpty());
}

}  // namespace
}  // namespace tallyman
