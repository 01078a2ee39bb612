#include "collectors/discovery/exits.h"

#include <gtest/gtest.h>

#include <map>

namespace tallyman {
namespace {

using namespace std::chrono_literals;

class FakeFinalStatsWatcher final : public FinalStatsWatcher {
 public:
  void start() override {}
  void stop() override {}
  Token watch(const std::string&) override { return 0; }
  bool was_read(Token token) const override { return stats.contains(token); }
  std::optional<CgroupStats> take(Token token) override {
    ++taken[token];
    const auto found = stats.extract(token);
    return found.empty() ? std::nullopt : std::optional(found.mapped());
  }
  void ignore_inside(const std::string&, bool) override {}
  FinalStatsWatcherStatistics statistics() const override { return {}; }

  std::map<Token, CgroupStats> stats;
  std::map<Token, int> taken;
};

class FakeRuntime final : public Runtime {
 public:
  std::string_view name() const override { return "fake"; }
  std::optional<ContainerMatch> match(std::string_view) const override { return {}; }
  std::uint64_t revision(const ContainerRef&) override { return number; }
  Result<ContainerDescription> describe(const ContainerRef&) override {
    ++described;
    ContainerDescription description;
    description.metadata = metadata;
    return description;
  }

  std::uint64_t number = 1;
  ContainerMetadata metadata;
  int described = 0;
};

WorkloadPtr workload() {
  auto made = std::make_shared<Workload>();
  made->id = "/a";
  made->workload = "a";
  made->seen_nsec = 1'000'000'000;
  made->ended_nsec = 2'000'000'000;
  return made;
}

TEST(WorkloadExits, OfNoContainerAreReportedOnceWithFinalStats) {
  FakeFinalStatsWatcher watcher;
  watcher.stats[7].cpu.usage_nsec = 5;
  WorkloadExits exits(&watcher);
  exits.begin(workload(), 7, nullptr, "");
  EXPECT_FALSE(exits.poll());
  const auto reported = exits.take();
  ASSERT_EQ(reported.size(), 1U);
  EXPECT_TRUE(reported[0].complete);
  EXPECT_EQ(reported[0].final_stats->cpu.usage_nsec, 5U);
  EXPECT_TRUE(exits.take().empty());
}

TEST(WorkloadExits, WaitForFinalStatsAndGiveTheWatchBackWithoutThem) {
  FakeFinalStatsWatcher watcher;
  WorkloadExits exits(&watcher);
  const WorkloadExits::Clock::time_point begin;
  exits.begin(workload(), 7, nullptr, "", begin);
  EXPECT_TRUE(exits.poll(begin + WorkloadExits::kFinalStatsTime - 1ns));
  EXPECT_TRUE(exits.take().empty());
  EXPECT_FALSE(exits.poll(begin + WorkloadExits::kFinalStatsTime));
  const auto reported = exits.take();
  ASSERT_EQ(reported.size(), 1U);
  EXPECT_FALSE(reported[0].final_stats);
  EXPECT_EQ(watcher.taken[7], 1);
}

TEST(WorkloadExits, OfAContainerAreReportedAgainWhenItsFilesSayHowItEnded) {
  FakeRuntime runtime;
  WorkloadExits exits(nullptr);
  const WorkloadExits::Clock::time_point begin;
  exits.begin(workload(), 0, &runtime, "a", begin);
  EXPECT_TRUE(exits.poll(begin));
  runtime.metadata.exit = ContainerExit{1, false, 100, 200};  // of a run before this one
  runtime.number = 2;
  EXPECT_TRUE(exits.poll(begin));
  EXPECT_TRUE(exits.poll(begin));
  EXPECT_EQ(runtime.described, 2) << "read again only when it has changed";
  runtime.metadata.exit = ContainerExit{3, false, 1'100'000'000, 1'900'000'000};
  runtime.number = 3;
  EXPECT_FALSE(exits.poll(begin));
  const auto reported = exits.take();
  ASSERT_EQ(reported.size(), 2U);
  EXPECT_FALSE(reported[0].complete);
  EXPECT_TRUE(reported[1].complete);
  EXPECT_EQ(reported[1].workload->container.exit->code, 3);
}

// Docker 28.5 on a busy machine: StartedAt was 113 ms before the birth of the cgroup.
TEST(WorkloadExits, AreOfThisRunIfTheyFinishedInIt) {
  FakeRuntime runtime;
  WorkloadExits exits(nullptr);
  const auto code_of = [&](std::uint64_t started_nsec, std::uint64_t finished_nsec) {
    runtime.metadata.exit = ContainerExit{0, false, started_nsec, finished_nsec};
    ++runtime.number;
    const WorkloadExits::Clock::time_point begin;
    exits.begin(workload(), 0, &runtime, "a", begin);
    exits.poll(begin + WorkloadExits::kExitTime);
    return exits.take().back().workload->container.exit.has_value();
  };
  EXPECT_TRUE(code_of(887'000'000, 1'900'000'000));
  EXPECT_TRUE(code_of(100, 2'000'000'000)) << "however long before";
  EXPECT_FALSE(code_of(700'000'000, 900'000'000)) << "the run before it";
}

TEST(WorkloadExits, OfAContainerAreCompleteWithoutAnExitCodeThatIsNeverWritten) {
  FakeRuntime runtime;
  WorkloadExits exits(nullptr);
  const WorkloadExits::Clock::time_point begin;
  exits.begin(workload(), 0, &runtime, "a", begin);
  EXPECT_TRUE(exits.poll(begin + WorkloadExits::kExitTime - 1ns));
  EXPECT_EQ(exits.take().size(), 1U);
  EXPECT_FALSE(exits.poll(begin + WorkloadExits::kExitTime));
  const auto reported = exits.take();
  ASSERT_EQ(reported.size(), 1U);
  EXPECT_TRUE(reported[0].complete);
  EXPECT_FALSE(reported[0].workload->container.exit);
}

TEST(WorkloadExits, OfAContainerWhoseFilesAreGoneOrThatRunsAgainAreComplete) {
  FakeRuntime gone, again;
  gone.number = 0;
  again.metadata.started_nsec = 2'500'000'000;
  WorkloadExits exits(nullptr);
  exits.begin(workload(), 0, &gone, "a");
  exits.begin(workload(), 0, &again, "a");
  EXPECT_FALSE(exits.poll());
  EXPECT_EQ(exits.take().size(), 4U);
}

}  // namespace
}  // namespace tallyman
