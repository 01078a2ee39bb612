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

TEST(EventLog, OneWorkloadsFailuresDoNotPushOutAnothers) {
  EventLog log(10);
  const auto killed = [](const std::string& id) {
    Workload workload;
    workload.kind = WorkloadKind::kContainer;
    workload.id = workload.workload = id;
    return Event::of(workload, EventType::kOomKilled, 1, "text");
  };
  log.append(killed("/docker/victim"));
  for (int i = 0; i < 1'000; ++i) log.append(killed("/docker/loud"));
  EXPECT_EQ(log.select({}).front()->id, 1U);
  EXPECT_EQ(log.select({}).size(), 10U);
  EXPECT_EQ(log.statistics().dropped, 991U);
  EXPECT_EQ(log.statistics().oldest, 1U);
  Workload inside;
  inside.kind = WorkloadKind::kService;
  inside.inside = "/docker/victim";
  for (int i = 0; i < 1'000; ++i) {
    inside.id = inside.workload = "/docker/victim/" + std::to_string(i) + ".service";
    log.append(Event::of(inside, EventType::kOomKilled, 1, "text"));
  }
  const auto loud = log.select({0, 100, {}, "/docker/loud"});
  EXPECT_EQ(loud.size(), 5U) << "what is inside of a container counts as that container's";
}

TEST(EventLog, WhatIsInsideOfAContainerOrMadeByAUserMakesRoomFirst) {
  EventLog log(4);
  log.append(of_kind(WorkloadKind::kContainer));
  Workload workload;
  workload.kind = WorkloadKind::kService;
  for (int i = 0; i < 100; ++i) {
    workload.inside = i % 2 == 0 ? "/docker/a" : "";
    workload.made_by_user = i % 2 != 0;
    workload.id = workload.workload = "/docker/a/" + std::to_string(i) + ".service";
    log.append(Event::of(workload, EventType::kStarted, 1, "text"));
  }
  EXPECT_EQ(log.select({}).front()->id, 1U);
}

TEST(EventLog, CanBeSortedByTheTimeOfWhatHappened) {
  EventLog log(10);
  for (const std::uint64_t time : {30U, 10U, 20U, 10U}) {
    Event one = event("/web");
    one.time_nsec = time;
    log.append(std::move(one));
  }
  auto events = log.select({});
  sort_by_time(events);
  EXPECT_THAT(ids(events), ElementsAre(2, 4, 3, 1));
}

TEST(Events, NameThePodAndItsNamespace) {
  Workload workload;
  workload.kind = WorkloadKind::kContainer;
  workload.container.kubernetes = KubernetesIdentity{"crash", "oom-vm", "shop", "11aa"};
  const Event of_container = Event::of(workload, EventType::kStarted, 1, "text");
  EXPECT_EQ(of_container.container + " " + of_container.pod + " " + of_container.name_space, "crash oom-vm shop");
  workload = {};
  workload.kind = WorkloadKind::kPod;
  workload.pod.name = "oom-vm";
  workload.pod.name_space = "shop";
  workload.pod.uid = "11aa";
  const Event of_pod = Event::of(workload, EventType::kStarted, 1, "text");
  EXPECT_EQ(of_pod.container + " " + of_pod.pod + " " + of_pod.name_space, " oom-vm shop");
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
  Event restarted = of_kind(WorkloadKind::kContainer, EventType::kRestarted);
  EXPECT_EQ(weight_of(restarted), EventWeight::kOrdinary);
  restarted.details.emplace_back("restarts", std::int64_t{2});
  EXPECT_EQ(weight_of(restarted), EventWeight::kOrdinary);
  restarted.details.back().second = kLoopRestarts;
  EXPECT_EQ(weight_of(restarted), EventWeight::kGrave);
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
