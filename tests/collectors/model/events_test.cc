#include "collectors/model/events.h"

#include <gmock/gmock.h>

#include <thread>

namespace tallyman {
namespace {

using ::testing::ElementsAre;

Event event(const std::string& id, EventType type = EventType::kStarted) {
  Workload workload;
  workload.id = id;
  workload.workload = id.substr(1);
  workload.container_id = id == "/web" ? std::string(64, 'a') : "";
  return Event::of(workload, type, 1, "text");
}

std::vector<std::uint64_t> ids(const std::vector<EventPtr>& events) {
  std::vector<std::uint64_t> found;
  for (const EventPtr& one : events) found.push_back(one->id);
  return found;
}

TEST(EventTypes, HaveNamesThatLeadBack) {
  for (std::size_t i = 0; i < kEventTypes; ++i) {
    const auto type = static_cast<EventType>(i);
    EXPECT_EQ(event_type(to_string(type)), type);
  }
  EXPECT_EQ(event_type("exploded"), std::nullopt);
}

TEST(EventLog, KeepsTheNewestAndCountsTheRest) {
  EventLog log(3);
  for (int i = 0; i < 5; ++i) log.append(event("/web", i % 2 == 0 ? EventType::kStarted : EventType::kDied));
  EXPECT_THAT(ids(log.select({})), ElementsAre(3, 4, 5));
  const EventLogStatistics statistics = log.statistics();
  EXPECT_EQ(statistics.dropped, 2U);
  EXPECT_EQ(statistics.oldest, 3U);
  EXPECT_EQ(statistics.newest, 5U);
  EXPECT_EQ(statistics.by_type[static_cast<std::size_t>(EventType::kStarted)], 3U);
}

Event of_kind(WorkloadKind kind, EventType type = EventType::kStarted) {
  Workload workload;
  workload.id = workload.workload = "/x";
  workload.kind = kind;
  return Event::of(workload, type, 1, "text");
}

Event failed_exit() {
  Event one = of_kind(WorkloadKind::kContainer, EventType::kDied);
  one.details.emplace_back("exit_code", std::int64_t{3});
  return one;
}

TEST(EventLog, WhatIsPlainMakesRoomFirst) {
  EventLog log(4);
  log.append(of_kind(WorkloadKind::kContainer));
  log.append(failed_exit());
  log.append(of_kind(WorkloadKind::kContainer, EventType::kOomKilled));
  for (int i = 0; i < 1'000; ++i)
    log.append(of_kind(WorkloadKind::kCgroup, i % 2 == 0 ? EventType::kStarted : EventType::kDied));
  EXPECT_THAT(ids(log.select({})), ElementsAre(1, 2, 3, 1'003));
  EXPECT_EQ(log.statistics().oldest, 1U);
  EXPECT_EQ(log.statistics().dropped, 999U);
  EventFilter after;
  after.after = 2;
  after.limit = 1;
  EXPECT_THAT(ids(log.select(after)), ElementsAre(3));
}

TEST(EventLog, WhatIsOrdinaryMakesRoomForWhatIsGrave) {
  EventLog log(4);
  log.append(failed_exit());
  for (int i = 0; i < 1'000; ++i) log.append(of_kind(WorkloadKind::kContainer));
  EXPECT_THAT(ids(log.select({})), ElementsAre(1, 999, 1'000, 1'001));
  for (int i = 0; i < 1'000; ++i) log.append(of_kind(WorkloadKind::kContainer, EventType::kOomKilled));
  log.append(of_kind(WorkloadKind::kContainer));
  EXPECT_EQ(log.select({}).size(), 4U);
  EXPECT_EQ(log.select({}).back()->id, 2'002U) << "grave ones take half of the room at most";
}

TEST(Events, WeighByWhatHappened) {
  EXPECT_EQ(weight_of(failed_exit()), EventWeight::kGrave);
  EXPECT_EQ(weight_of(of_kind(WorkloadKind::kCgroup, EventType::kOomKilled)), EventWeight::kGrave);
  Event killed = of_kind(WorkloadKind::kContainer, EventType::kDied);
  killed.details.emplace_back("outcome", std::string("oom_killed"));
  EXPECT_EQ(weight_of(killed), EventWeight::kGrave);
  Event done = of_kind(WorkloadKind::kContainer, EventType::kDied);
  done.details.emplace_back("exit_code", std::int64_t{0});
  EXPECT_EQ(weight_of(done), EventWeight::kOrdinary);
  EXPECT_EQ(weight_of(of_kind(WorkloadKind::kService)), EventWeight::kOrdinary);
  EXPECT_EQ(weight_of(of_kind(WorkloadKind::kProcess)), EventWeight::kPlain);
}

TEST(Events, PlainCgroupsInsideOfAContainerHaveNone) {
  Workload workload;
  for (const WorkloadKind kind : {WorkloadKind::kCgroup, WorkloadKind::kSlice, WorkloadKind::kScope}) {
    workload.kind = kind;
    workload.inside.clear();
    EXPECT_TRUE(has_events(workload));
    workload.inside = "/docker/a";
    EXPECT_FALSE(has_events(workload));
  }
  workload.kind = WorkloadKind::kContainer;
  EXPECT_TRUE(has_lifetime_events(workload)) << "Docker in a system container";
  workload.kind = WorkloadKind::kProcess;
  workload.inside.clear();
  EXPECT_FALSE(has_lifetime_events(workload)) << "programs come and go";
  EXPECT_TRUE(has_events(workload));
}

TEST(EventLog, SelectsByIdTypeAndWorkload) {
  EventLog log(100);
  log.append(event("/web"));
  log.append(event("/db"));
  log.append(event("/web", EventType::kDied));
  log.append(event("/db", EventType::kDied));
  EventFilter filter;
  filter.after = 1;
  EXPECT_THAT(ids(log.select(filter)), ElementsAre(2, 3, 4));
  filter.limit = 2;
  EXPECT_THAT(ids(log.select(filter)), ElementsAre(2, 3)) << "from there on, so that nothing is passed over";
  filter.after = 0;
  EXPECT_THAT(ids(log.select(filter)), ElementsAre(3, 4)) << "the newest";
  filter.type = EventType::kStarted;
  EXPECT_THAT(ids(log.select(filter)), ElementsAre(1, 2));
  EventFilter one;
  one.workload_id = "/web";
  EXPECT_THAT(ids(log.select(one)), ElementsAre(1, 3));
  one.workload_id = "web";
  EXPECT_THAT(ids(log.select(one)), ElementsAre()) << "names are resolved before";
}

TEST(EventLog, OffersItsWorkloadsAsEnded) {
  EventLog log(100);
  log.append(event("/web"));
  log.append(event("/web", EventType::kDied));
  for (const std::string& asked : {std::string("/web"), std::string("web"), std::string(12, 'a')}) {
    WorkloadMatches matches{WorkloadQuery(asked)};
    log.offer_workloads(matches);
    ASSERT_NE(matches.only(), nullptr) << asked;
    EXPECT_EQ(*matches.only(), "/web");
    matches.offer({"/other", "", "web", ""}, true);
    EXPECT_EQ(*matches.only(), asked == "web" ? "/other" : "/web") << asked;
  }
}

TEST(EventLog, NotifiesItsListenerInOrderFromManyThreads) {
  EventLog log(10);
  std::vector<std::uint64_t> received;
  log.set_listener([&](const EventPtr& one) { received.push_back(one->id); });
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 100; ++i) {
          log.append(event("/web"));
          log.select({});
        }
      });
    }
  }
  log.set_listener(nullptr);
  log.append(event("/web"));
  ASSERT_EQ(received.size(), 400U);
  for (std::size_t i = 0; i < received.size(); ++i) EXPECT_EQ(received[i], i + 1);
}

}  // namespace
}  // namespace tallyman
