#include "agent/api/event_feed.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>

namespace tallyman {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

void add(EventLog& log, const std::string& id, EventType type = EventType::kStarted) {
  Workload workload;
  workload.id = id;
  workload.workload = id.substr(1) + "\n</script>";
  Event event = Event::of(workload, type, 1'700'000'000'500'000'000, "it\nhappened");
  event.details.emplace_back("exit_code", std::int64_t{3});
  log.append(std::move(event));
}

HttpRequest request(std::vector<std::pair<std::string, std::string>> query, std::string last_event_id = "") {
  HttpRequest request;
  request.method = "GET";
  request.path = "/api/v1/events";
  request.query = std::move(query);
  request.last_event_id = std::move(last_event_id);
  return request;
}

std::vector<std::string> waiting(EventStream& stream) {
  std::vector<std::string> chunks;
  for (StreamChunk chunk; stream.next(chunk) == EventStream::State::kChunk;) chunks.push_back(*chunk);
  return chunks;
}

class Feed : public ::testing::Test {
 protected:
  std::shared_ptr<EventLog> log_ = std::make_shared<EventLog>(3);
  EventFeed feed_{log_};
};

TEST_F(Feed, ListsTheKeptEvents) {
  for (int i = 0; i < 4; ++i) add(*log_, "/web", i == 3 ? EventType::kDied : EventType::kStarted);
  const auto list = boost::json::parse(*feed_.list(request({}), {}).body).as_object();
  EXPECT_EQ(list.at("newest").as_int64(), 4);
  EXPECT_EQ(list.at("oldest").as_int64(), 2);
  EXPECT_EQ(list.at("dropped").as_int64(), 1);
  const auto& events = list.at("events").as_array();
  ASSERT_EQ(events.size(), 3U);
  const auto& last = events[2].as_object();
  EXPECT_EQ(last.at("type").as_string(), "died");
  EXPECT_EQ(last.at("time").as_string(), "2023-11-14T22:13:20.500000000Z");
  EXPECT_EQ(last.at("workload").as_object().at("id").as_string(), "/web");
  EXPECT_EQ(last.at("details").as_object().at("exit_code").as_int64(), 3);
  const auto died = boost::json::parse(*feed_.list(request({{"type", "died"}, {"since", "1"}}), {}).body).as_object();
  EXPECT_EQ(died.at("events").as_array().size(), 1U);
}

TEST_F(Feed, ListsInTheOrderOfTime) {
  for (const std::uint64_t second : {30U, 10U, 20U}) {
    Workload workload;
    workload.kind = WorkloadKind::kContainer;
    workload.id = "/kubepods/" + std::to_string(second);
    workload.container.kubernetes = KubernetesIdentity{"crash", "oom-vm", "shop", "11aa"};
    log_->append(Event::of(workload, EventType::kStarted, second * 1'000'000'000, "text"));
  }
  const auto list = boost::json::parse(*feed_.list(request({}), {}).body).as_object();
  std::vector<std::int64_t> ids;
  for (const auto& one : list.at("events").as_array()) ids.push_back(one.at("id").as_int64());
  EXPECT_THAT(ids, ::testing::ElementsAre(2, 3, 1));
  const auto& workload = list.at("events").as_array()[0].at("workload").as_object();
  EXPECT_EQ(workload.at("container").as_string(), "crash");
  EXPECT_EQ(workload.at("pod").as_string(), "oom-vm");
  EXPECT_EQ(workload.at("namespace").as_string(), "shop");
  const auto chunks = waiting(*feed_.stream(request({}, "0")).stream);
  ASSERT_EQ(chunks.size(), 4U);
  EXPECT_THAT(chunks[1], HasSubstr("id: 1\n")) << "a stream goes on by id";
}

TEST_F(Feed, RefusesInvalidParameters) {
  for (const auto& [key, value] :
       {std::pair<std::string, std::string>{"since", "x"}, {"limit", "-1"}, {"type", "boom"}}) {
    const HttpResponse refused = feed_.list(request({{key, value}}), {});
    EXPECT_EQ(refused.status, 400);
    EXPECT_THAT(*refused.body, HasSubstr(key));
  }
}

TEST_F(Feed, StreamsNewEvents) {
  add(*log_, "/before");
  const HttpResponse response = feed_.stream(request({}));
  add(*log_, "/after");
  const auto chunks = waiting(*response.stream);
  ASSERT_EQ(chunks.size(), 2U);
  EXPECT_EQ(chunks[0], "retry: 2000\n\n");
  EXPECT_THAT(chunks[1], StartsWith("event: event\nid: 2\ndata: {"));
  EXPECT_EQ(std::count(chunks[1].begin(), chunks[1].end(), '\n'), 4) << "no name ends an event";
}

TEST_F(Feed, ResumesWithoutAGapAndWithoutADuplicate) {
  for (int i = 0; i < 3; ++i) add(*log_, "/web");
  const HttpResponse response = feed_.stream(request({}, "1"));
  add(*log_, "/web");
  const auto chunks = waiting(*response.stream);
  ASSERT_EQ(chunks.size(), 4U);
  EXPECT_THAT(chunks[1], HasSubstr("id: 2\n"));
  EXPECT_THAT(chunks[2], HasSubstr("id: 3\n"));
  EXPECT_THAT(chunks[3], HasSubstr("id: 4\n"));
}

TEST_F(Feed, StartsOverForAClientOfAnEarlierLog) {
  add(*log_, "/web");
  EXPECT_EQ(waiting(*feed_.stream(request({}, "99")).stream).size(), 2U);
}

TEST_F(Feed, WritesNewEventsAsAReaderWantsThem) {
  add(*log_, "/old");
  const auto stream = feed_.stream_as(
      [](const Event& event) { return event.type == EventType::kDied ? event.workload_id + "\n" : std::string(); },
      make_chunk(" "));
  add(*log_, "/web");
  add(*log_, "/web", EventType::kDied);
  add(*log_, "/db", EventType::kDied);
  EXPECT_EQ(waiting(*stream), (std::vector<std::string>{"/web\n", "/db\n"}));
  EXPECT_EQ(*stream->keep_alive(), " ");
}

TEST(FeedsEnd, EndsEveryStream) {
  auto log = std::make_shared<EventLog>(3);
  std::shared_ptr<EventStream> stream;
  {
    EventFeed feed(log);
    stream = feed.stream_as([](const Event&) { return std::string("x"); }, make_chunk(" "));
    EXPECT_FALSE(stream->over());
  }
  EXPECT_TRUE(stream->over());
}

TEST_F(Feed, ForgetsAReaderThatDoesNotRead) {
  const auto stream = feed_.stream_as(
      [](const Event&) { return std::string(EventStream::kMaxQueueBytes / 2 + 1, 'x'); }, make_chunk(" "));
  for (int i = 0; i < 3; ++i) add(*log_, "/web");
  EXPECT_TRUE(stream->cut());
}

}  // namespace
}  // namespace tallyman
