#include "collectors/sampling/lifecycle/event_detector.h"

#include <gmock/gmock.h>

namespace tallyman {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Detector : public ::testing::Test {
 protected:
  Detector() { workload_.id = workload_.workload = "/web"; }

  void check(const CgroupStats& stats) {
    detector_.check(workload_, stats, memory_, 1, now_);
    detector_.end_pass();
    now_ += 1s;
  }
  std::vector<std::string> messages() {
    std::vector<std::string> found;
    for (const EventPtr& event : log_.select({})) found.push_back(event->message);
    return found;
  }

  EventLog log_{100};
  EventDetector detector_{log_};
  EventDetector::Memory memory_;
  Workload workload_;
  CgroupStats stats_;
  std::chrono::steady_clock::time_point now_{1000s};
};

TEST_F(Detector, ReportsOomKillsSinceTheLastSample) {
  stats_.memory_events.oom_kill = 5;
  check(stats_);
  EXPECT_THAT(messages(), IsEmpty()) << "they were before the agent was";
  stats_.memory_events.oom_kill = 7;
  check(stats_);
  check(stats_);
  EXPECT_THAT(messages(), ElementsAre("/web lost 2 processes to the OOM killer"));
}

TEST_F(Detector, NamesTheLimitsAsNumbers) {
  memory_.oom_kills = 0;
  stats_.memory_events.oom_kill = 1;
  stats_.limits.memory_max = 64 << 20;
  stats_.limits.cpu_quota_usec = 15'000;
  stats_.limits.cpu_period_usec = 100'000;
  stats_.cpu.nr_periods = stats_.cpu.nr_throttled = 0;
  for (int i = 0; i < 12; ++i) {
    check(stats_);
    *stats_.cpu.nr_periods += 10;
    *stats_.cpu.nr_throttled += 10;
  }
  const auto events = log_.select({});
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(number_in(*events[0], "memory_limit_bytes"), 64 << 20);
  ASSERT_EQ(events[1]->details.back().first, "cpu_limit_cores");
  EXPECT_DOUBLE_EQ(std::get<double>(events[1]->details.back().second), 0.15);
}

TEST_F(Detector, ReportsOomKillsInTheFirstMomentOfANewWorkload) {
  memory_.oom_kills = 0;
  stats_.memory_events.oom_kill = 1;
  check(stats_);
  EXPECT_THAT(messages(), ElementsAre("/web lost 1 process to the OOM killer"));
}

TEST_F(Detector, ReportsAnOomKillOnlyInTheLowestCgroup) {
  std::vector<Workload> tree(3);
  std::vector<EventDetector::Memory> memories(3);
  tree[0].id = tree[0].workload = "/";
  tree[1].id = tree[1].workload = "/docker";
  tree[2].id = tree[2].workload = "/docker/a";
  for (std::uint64_t kills : {0U, 1U}) {
    stats_.memory_events.oom_kill = kills;
    for (std::size_t i = 0; i < 3; ++i) detector_.check(tree[i], stats_, memories[i], 1, now_);
    detector_.end_pass();
  }
  EXPECT_THAT(messages(), ElementsAre("/docker/a lost 1 process to the OOM killer"));
}

TEST_F(Detector, ReportsLastingThrottlingOnce) {
  stats_.cpu.nr_periods = stats_.cpu.nr_throttled = 0;
  stats_.limits.cpu_quota_usec = 50'000;
  stats_.limits.cpu_period_usec = 100'000;
  for (int i = 0; i < 30; ++i) {
    check(stats_);
    *stats_.cpu.nr_periods += 10;
    *stats_.cpu.nr_throttled += 6;
  }
  EXPECT_THAT(messages(), ElementsAre("/web has been throttled for 10 s"));
  *stats_.cpu.nr_periods += 10;  // a second without: it starts over
  for (int i = 0; i < 30; ++i) {
    check(stats_);
    *stats_.cpu.nr_periods += 10;
    *stats_.cpu.nr_throttled += 5;
  }
  EXPECT_EQ(messages().size(), 1U) << "half of the periods is not more than half";
}

TEST_F(Detector, ReportsChangedLimitsOnceItHasSettled) {
  stats_.limits.memory_max = kUnlimited;
  check(stats_);
  stats_.limits.memory_max = 1 << 20;
  check(stats_);  // its creator sets it
  for (int i = 0; i < 5; ++i) check(stats_);
  EXPECT_THAT(messages(), IsEmpty());
  stats_.limits.memory_max = 2 << 20;
  check(stats_);
  stats_.limits.cpu_quota_usec = 50'000;
  stats_.limits.cpu_period_usec = 100'000;
  check(stats_);
  stats_.limits.cpu_quota_usec = 125'000;
  check(stats_);
  check({});  // not read this time
  EXPECT_THAT(messages(), ElementsAre("/web: memory_bytes is now 2097152, it was 1048576",
                                      "/web: cpu_cores is now 1.250, it was 0.500"));
}

TEST_F(Detector, ReportsPausesAndHealth) {
  stats_.frozen = 0;
  check(stats_);
  stats_.frozen = 1;
  check(stats_);
  check(stats_);
  stats_.frozen = 0;
  check(stats_);
  workload_.container.health = Health::kStarting;
  check(stats_);
  workload_.container.health = Health::kUnhealthy;
  check(stats_);
  EXPECT_THAT(messages(), ElementsAre("/web was paused", "/web was resumed", "/web is starting", "/web is unhealthy"));
}

}  // namespace
}  // namespace tallyman
