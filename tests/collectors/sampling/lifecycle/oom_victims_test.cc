#include "collectors/sampling/lifecycle/oom_victims.h"

#include "collectors/sampling/lifecycle/event_detector.h"

#include <gmock/gmock.h>

namespace tallyman {
namespace {

Event kill_in(const std::string& id) {
  Workload workload;
  workload.id = workload.workload = id;
  return Event::of(workload, EventType::kOomKilled, 1, id + " lost a process");
}

class Victims : public ::testing::Test {
 protected:
  std::string message(const std::string& id) {
    Event event = kill_in(id);
    victims_.name_in(event);
    return event.message;
  }

  std::vector<OomVictim> log_;
  OomVictims victims_{[this] { return std::exchange(log_, {}); }};
};

TEST_F(Victims, AreNamedOnceInTheEventOfTheirCgroup) {
  log_ = {{"/docker/a", "php-fpm", 7}, {"/docker/b/c", "java", 8}, {"/docker/bc", "other", 9}};
  Event event = kill_in("/docker/a");
  victims_.name_in(event);
  EXPECT_EQ(event.message, "/docker/a lost a process: php-fpm (pid 7)");
  ASSERT_EQ(event.details.size(), 2U);
  EXPECT_EQ(std::get<std::string>(event.details[0].second), "php-fpm");
  EXPECT_EQ(std::get<std::int64_t>(event.details[1].second), 7);
  EXPECT_EQ(message("/docker/b"), "/docker/b lost a process: java (pid 8)") << "one below it";
  EXPECT_EQ(message("/docker/a"), "/docker/a lost a process") << "each is named once";
}

TEST_F(Victims, InsideAnotherContainerAreNotNamedHoweverTheirCgroupIsCalled) {
  log_ = {{"/docker/evil/docker/a", "sh", 3}, {"/x/docker/a", "sh", 4}};
  EXPECT_EQ(message("/docker/a"), "/docker/a lost a process");
  EXPECT_EQ(message("/docker/evil"), "/docker/evil lost a process: sh (pid 3)") << "it is that one's";
  EXPECT_EQ(message("/"), "/ lost a process: sh (pid 4)") << "and everything is the host's";
}

TEST_F(Victims, OfWhomThereIsNoEventAreForgottenInTime) {
  for (std::uint32_t pid = 0; pid < 1'000; ++pid) log_.push_back({"/a", "x", pid});
  Event event = kill_in("/a");
  victims_.name_in(event);
  EXPECT_EQ(event.message, "/a lost a process: x (pid 744), x (pid 745), x (pid 746), x (pid 747), x (pid 748), ...");
}

TEST_F(Victims, AreNamedByTheDetector) {
  EventLog events(10);
  EventDetector detector(events, &victims_);
  EventDetector::Memory memory;
  memory.oom_kills = 0;
  Workload workload;
  workload.id = workload.workload = "/web";
  CgroupStats stats;
  stats.memory_events.oom_kill = 1;
  log_ = {{"/web", "nginx", 5}};
  detector.check(workload, stats, memory, 1, {});
  detector.end_pass();
  ASSERT_EQ(events.select({}).size(), 1U);
  EXPECT_EQ(events.select({})[0]->message, "/web lost 1 process to the OOM killer: nginx (pid 5)");
}

}  // namespace
}  // namespace tallyman
