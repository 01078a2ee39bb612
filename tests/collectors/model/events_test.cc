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
