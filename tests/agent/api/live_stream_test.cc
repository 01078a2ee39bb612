#include "agent/api/live_stream.h"

#include "tests/support/snapshot_builder.h"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

namespace tallyman {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

SnapshotPtr snapshot(std::uint64_t sequence) {
  test::SnapshotBuilder builder;
  builder.add(test::workload_of(WorkloadKind::kContainer, "/a", "a"), "", [](SeriesWriter& writer) {
    writer.begin(*find_metric("container_threads"));
    writer.put(0, 3);
  });
  return builder.build(sequence);
}

// The chunks that wait for the client.
std::vector<StreamChunk> waiting(EventStream& stream) {
  std::vector<StreamChunk> chunks;
  StreamChunk chunk;
  while (stream.next(chunk) == EventStream::State::kChunk) chunks.push_back(chunk);
  return chunks;
}

class LiveStreamTest : public ::testing::Test {
 protected:
  LiveStream live_{[] { return StreamFacts{"1.2", "boot", 1}; }};
};

TEST_F(LiveStreamTest, AClientGetsTheIdentityThenAllWorkloadsThenTheLastSample) {
  live_.take(snapshot(1));
  const auto client = live_.open({make_chunk("event: event\n\n")});
  const auto chunks = waiting(*client);
  ASSERT_EQ(chunks.size(), 4U);
  EXPECT_THAT(*chunks[0], AllOf(StartsWith("retry: 2000\nevent: hello\ndata: {\"sequence\":1,"), HasSubstr("boot")));
  EXPECT_THAT(*chunks[1], AllOf(StartsWith("event: workloads\n"), HasSubstr("\"full\":true"), HasSubstr("\"/a\"")));
  EXPECT_THAT(*chunks[2], AllOf(StartsWith("event: sample\n"), HasSubstr("[1,")));
  EXPECT_EQ(*chunks[3], "event: event\n\n");
}

TEST_F(LiveStreamTest, BeforeTheFirstSampleTheListIsEmptyAndGrows) {
  const auto client = live_.open();
  EXPECT_THAT(*waiting(*client).at(1), HasSubstr("{\"workloads\":[],\"removed\":[],\"full\":true}"));
  live_.take(snapshot(1));
  const auto chunks = waiting(*client);
  ASSERT_EQ(chunks.size(), 2U);
  EXPECT_THAT(*chunks[0], AllOf(HasSubstr("\"/a\""), HasSubstr("\"full\":false")));
}

TEST_F(LiveStreamTest, AllClientsAreSentTheSameBytes) {
  live_.take(snapshot(1));
  const auto one = live_.open(), other = live_.open();
  waiting(*one);
  waiting(*other);
  live_.take(snapshot(2));
  const auto of_one = waiting(*one), of_other = waiting(*other);
  ASSERT_FALSE(of_one.empty());
  EXPECT_EQ(of_one, of_other);  // the very same strings, not only equal ones
}

TEST_F(LiveStreamTest, KeysStayWhileAWorkloadExistsEvenWithoutClients) {
  live_.take(snapshot(1));
  const auto first = live_.open();
  waiting(*first);
  first->detach();
  live_.take(snapshot(2));
  live_.take(snapshot(3));
  const auto second = live_.open();
  EXPECT_THAT(*waiting(*second).at(1), HasSubstr("{\"key\":1,"));
}

TEST_F(LiveStreamTest, CloseEndsAll) {
  live_.take(snapshot(1));
  const auto client = live_.open();
  live_.close();
  waiting(*client);
  StreamChunk chunk;
  EXPECT_EQ(client->next(chunk), EventStream::State::kEnded);
}

TEST_F(LiveStreamTest, ClientsComeAndGoWhileSamplesCome) {
  std::atomic<bool> end = false;
  std::vector<std::thread> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back([&] {
      while (!end) {
        const auto client = live_.open();
        EXPECT_THAT(*waiting(*client).at(0), HasSubstr("hello"));
        client->detach();
      }
    });
  }
  for (std::uint64_t sequence = 1; sequence < 300; ++sequence) {
    live_.take(snapshot(sequence));
    live_.publish(make_chunk("event: event\n\n"));
  }
  end = true;
  for (std::thread& client : clients) client.join();
}

}  // namespace
}  // namespace tallyman
