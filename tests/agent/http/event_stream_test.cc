#include "agent/http/event_stream.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace tallyman {
namespace {

using State = EventStream::State;

std::string next(EventStream& stream) {
  StreamChunk chunk;
  switch (stream.next(chunk)) {
    case State::kChunk:
      return *chunk;
    case State::kWaiting:
      return "(waiting)";
    case State::kEnded:
      return "(ended)";
    case State::kCut:
      return "(cut)";
  }
  return "";
}

TEST(ServerSentEvent, IsWrittenAsTheStandardSays) {
  EXPECT_EQ(server_sent_event("event", "7", "{}"), "event: event\nid: 7\ndata: {}\n\n");
  EXPECT_EQ(server_sent_event("", "", "{}"), "data: {}\n\n");
  EXPECT_EQ(server_sent_event("", "", ""), "data: \n\n");
}

TEST(ServerSentEvent, CannotBeEndedByItsData) {
  EXPECT_EQ(server_sent_event("", "", "a\n\nid: 9\rb\n"), "data: a\ndata: \ndata: id: 9\ndata: b\ndata: \n\n");
}

TEST(EventStream, SendsTheFirstChunksThenThePushedOnes) {
  EventStream stream({make_chunk("hello"), make_chunk("list")});
  EXPECT_TRUE(stream.push(make_chunk("1")));
  EXPECT_EQ(next(stream), "hello");
  EXPECT_EQ(next(stream), "list");
  EXPECT_EQ(next(stream), "1");
  EXPECT_EQ(next(stream), "(waiting)");
}

TEST(EventStream, EndsAfterTheWaitingChunks) {
  EventStream stream;
  stream.push(make_chunk("last"));
  stream.close();
  EXPECT_TRUE(stream.over());
  EXPECT_FALSE(stream.push(make_chunk("too late")));
  EXPECT_EQ(next(stream), "last");
  EXPECT_EQ(next(stream), "(ended)");
}

TEST(EventStream, SkipsFreshChunksAndIsClosedForWholeOnes) {
  EventStream stream({make_chunk(std::string(1'000, 'f'))}, 100);
  EXPECT_TRUE(stream.push(make_chunk(std::string(50, 'a')), Delivery::kFresh));
  EXPECT_TRUE(stream.push(make_chunk(std::string(1, 'b')), Delivery::kFresh));  // half is in use: skipped
  EXPECT_EQ(stream.take_skipped(), 1u);
  EXPECT_EQ(stream.take_skipped(), 0u);
  EXPECT_TRUE(stream.push(make_chunk(std::string(50, 'c'))));
  EXPECT_FALSE(stream.over());
  EXPECT_FALSE(stream.push(make_chunk("d")));
  EXPECT_TRUE(stream.cut());
  EXPECT_EQ(next(stream), "(cut)");
}

TEST(EventStream, TakesOneChunkOfAnySizeWhenNothingWaits) {
  EventStream stream({}, 10);
  EXPECT_TRUE(stream.push(make_chunk(std::string(1'000, 'x'))));
  EXPECT_EQ(next(stream).size(), 1'000u);
  EXPECT_TRUE(stream.push(make_chunk(std::string(1'000, 'y'))));
}

TEST(EventStream, WakesOnceForAllChunksUntilTheNextRead) {
  EventStream stream;
  int woken = 0;
  stream.attach([&] { ++woken; });
  stream.push(make_chunk("1"));
  EXPECT_EQ(woken, 0);  // no reader has found it empty yet
  EXPECT_EQ(next(stream), "1");
  EXPECT_EQ(next(stream), "(waiting)");
  stream.push(make_chunk("2"));
  stream.push(make_chunk("3"));
  EXPECT_EQ(woken, 1);
  next(stream), next(stream), next(stream);
  stream.close();
  EXPECT_EQ(woken, 2);
  stream.detach();
  stream.push(make_chunk("4"));
  EXPECT_EQ(woken, 2);
}

TEST(EventStream, FreesWaitingChunksWithItsClient) {
  const auto chunk = make_chunk("shared");
  EventStream stream;
  stream.push(chunk);
  EXPECT_EQ(chunk.use_count(), 2);
  stream.detach();
  EXPECT_EQ(chunk.use_count(), 1);
  EXPECT_FALSE(stream.push(chunk));
}

TEST(Broadcaster, GivesEveryStreamTheSameBytes) {
  Broadcaster all;
  const auto a = all.subscribe({make_chunk("first")});
  const auto b = all.subscribe();
  EXPECT_EQ(all.subscribers(), 2u);
  const auto chunk = make_chunk("event");
  all.publish(chunk);
  EXPECT_EQ(chunk.use_count(), 3);
  EXPECT_EQ(next(*a), "first");
  EXPECT_EQ(next(*a), "event");
  EXPECT_EQ(next(*b), "event");
}

TEST(Broadcaster, ForgetsEndedStreams) {
  Broadcaster all(10);
  auto gone = all.subscribe();
  const auto slow = all.subscribe();
  const auto good = all.subscribe();
  gone.reset();
  EXPECT_EQ(all.subscribers(), 2u);
  for (int i = 0; i < 3; ++i) {
    all.publish(make_chunk("12345"));
    EXPECT_EQ(next(*good), "12345");
  }
  EXPECT_TRUE(slow->cut());
  EXPECT_EQ(all.subscribers(), 1u);
}

TEST(Broadcaster, EndsItsStreamsAndLaterOnes) {
  Broadcaster all;
  const auto before = all.subscribe();
  all.close();
  EXPECT_EQ(next(*before), "(ended)");
  EXPECT_EQ(next(*all.subscribe()), "(ended)");
}

TEST(Broadcaster, IsUsedByManyThreads) {
  Broadcaster all(64);
  std::atomic<bool> stop{false};
  std::vector<std::jthread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        const auto stream = all.subscribe({make_chunk("first")});
        std::atomic<int> woken{0};
        stream->attach([&] { ++woken; });
        for (int n = 0; n < 20; ++n) next(*stream);
        stream->detach();
      }
    });
  }
  for (int i = 0; i < 2'000; ++i) all.publish(make_chunk("event"), i % 2 == 0 ? Delivery::kWhole : Delivery::kFresh);
  stop = true;
  readers.clear();
  EXPECT_EQ(all.subscribers(), 0u);
}

}  // namespace
}  // namespace tallyman
