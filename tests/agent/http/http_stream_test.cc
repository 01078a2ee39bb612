// Server-sent events over real sockets, with clients that read, that do not read and
// that disconnect. A good client is served all the time.
#include "agent/http/event_stream.h"
#include "agent/http/http_server.h"
#include "agent/http/responses.h"
#include "collectors/kernel/system/self_process.h"
#include "tests/support/eventually.h"
#include "tests/support/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <thread>

namespace tallyman {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using test::http_get;
using test::HttpClient;
using test::HttpReply;
using testing::HasSubstr;
using testing::Not;

std::uint64_t open_descriptors() { return read_self_process().open_fds.value(); }

class HttpStream : public ::testing::Test {
 protected:
  void serve(HttpLimits limits = {}) {
    auto made =
        HttpServer::listen("127.0.0.1:0", limits, [this](const HttpRequest& request, HttpServer::Respond respond) {
          HttpResponse response;
          if (request.path == "/stream") {
            response = stream_response(
                events_.subscribe({make_chunk(server_sent_event("hello", request.last_event_id, "{}"))}));
          } else if (request.path == "/lines") {
            response = stream_response(
                std::make_shared<EventStream>(std::vector{make_chunk("{}\n\n")}, 1024, make_chunk("\n\n")),
                "application/json");
          } else {
            response.body = make_chunk("fine");
          }
          respond(std::move(response));
        });
    ASSERT_TRUE(made);
    server_ = std::move(*made);
    server_->start();
  }
  // A client that has read its first event.
  HttpClient& open_stream() {
    HttpClient& client = clients_.emplace_back(server_->port());
    EXPECT_TRUE(client.get("/stream"));
    EXPECT_EQ(client.receive_head().value_or(HttpReply{}).status, 200);
    EXPECT_EQ(client.receive_event(), "event: hello\ndata: {}\n\n");
    return client;
  }
  bool answered() { return http_get(server_->port(), "/").value_or(HttpReply{}).body == "fine"; }

  Broadcaster events_{256 * 1024};
  std::deque<HttpClient> clients_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpStream, StaysOpenAndCarriesWhatIsPublished) {
  serve();
  HttpClient client(server_->port());
  ASSERT_TRUE(client.get("/stream", "Last-Event-ID: 41\r\n"));
  const auto head = client.receive_head();
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->header("content-type"), "text/event-stream");
  EXPECT_EQ(head->header("content-length"), "");
  EXPECT_EQ(head->header("connection"), "close");
  EXPECT_EQ(client.receive_event(), "event: hello\nid: 41\ndata: {}\n\n");
  for (int i = 0; i < 100; ++i) {
    events_.publish(make_chunk(server_sent_event("", std::to_string(i), "x")));
    if (i % 10 != 0) continue;
    for (int seen = std::max(0, i - 9); seen <= i; ++seen) {
      EXPECT_EQ(client.receive_event(), "id: " + std::to_string(seen) + "\ndata: x\n\n");
    }
  }
  EXPECT_EQ(server_->statistics().streams, 1u);
  EXPECT_TRUE(answered());
}

TEST_F(HttpStream, OutlivesTheResponseTimeAndSendsKeepAlives) {
  HttpLimits limits;
  limits.response_time = limits.request_time = 200ms;
  limits.keep_alive = 50ms;
  serve(limits);
  HttpClient& client = open_stream();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(client.receive_event(), ":\n\n") << i;
  EXPECT_EQ(server_->statistics().timeouts, 0u);
}

TEST_F(HttpStream, OfAnotherTypeHasItsOwnKeepAlive) {
  HttpLimits limits;
  limits.keep_alive = 50ms;
  serve(limits);
  HttpClient client(server_->port());
  ASSERT_TRUE(client.get("/lines"));
  EXPECT_EQ(client.receive_head().value_or(HttpReply{}).header("content-type"), "application/json");
  EXPECT_EQ(client.receive_event(), "{}\n\n");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.receive_event(), "\n\n") << i;
}

TEST_F(HttpStream, HeadGetsOnlyTheType) {
  serve();
  HttpClient client(server_->port());
  ASSERT_TRUE(client.send("HEAD /stream HTTP/1.1\r\nHost: t\r\n\r\n"));
  const auto head = client.receive(true);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->header("content-type"), "text/event-stream");
  EXPECT_TRUE(client.closed_by_peer());
  EXPECT_EQ(events_.subscribers(), 0u);
  EXPECT_EQ(server_->statistics().streams, 0u);
}

TEST_F(HttpStream, EndsWithItsProducer) {
  serve();
  HttpClient& client = open_stream();
  events_.publish(make_chunk("data: last\n\n"));
  events_.close();
  EXPECT_EQ(client.receive_event(), "data: last\n\n");
  EXPECT_TRUE(client.closed_by_peer());
  client.close();
  EXPECT_TRUE(eventually([&] { return server_->statistics().connections == 0; }));
}

TEST_F(HttpStream, EndsWithItsClientWhetherItClosesResetsOrSends) {
  serve();
  const auto descriptors = open_descriptors();
  for (int i = 0; i < 30; ++i) {
    HttpClient& client = open_stream();
    if (i % 3 == 0) client.close();
    if (i % 3 == 1) client.abort();
    if (i % 3 == 2) {
      const std::string chatter(64 * 1024, 'x');
      std::size_t sent = 0;
      while (sent < 64'000'000 && client.send(chatter)) sent += chatter.size();
      EXPECT_LT(sent, 16'000'000u);
    }
  }
  EXPECT_TRUE(eventually([&] { return server_->statistics().streams == 0; }));
  EXPECT_EQ(events_.subscribers(), 0u);
  clients_.clear();
  EXPECT_TRUE(eventually([&] { return server_->statistics().connections == 0; }));
  EXPECT_LE(open_descriptors(), descriptors);
}

TEST_F(HttpStream, AboveTheLimitIsRefusedAndOtherPagesAreNot) {
  HttpLimits limits;
  limits.streams = 2;
  serve(limits);
  open_stream();
  open_stream();
  const auto refused = http_get(server_->port(), "/stream");
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 503);
  EXPECT_THAT(refused->body, HasSubstr("--web.max-streams"));
  EXPECT_EQ(refused->header("retry-after"), "10");
  EXPECT_TRUE(answered());
  EXPECT_EQ(server_->statistics().rejected_streams, 1u);
  EXPECT_EQ(events_.subscribers(), 2u);
  clients_.front().close();
  EXPECT_TRUE(eventually([&] { return server_->statistics().streams == 1; }));
  open_stream();
}

// Publishes until the stalled clients are disconnected. A good client must get every event.
TEST_F(HttpStream, ASlowReaderIsCutAndAGoodOneMissesNothing) {
  serve();
  HttpClient& good = open_stream();
  HttpClient slow(server_->port(), 4096);
  ASSERT_TRUE(slow.get("/stream"));
  ASSERT_TRUE(eventually([&] { return events_.subscribers() == 2; }));
  const std::string filler(32 * 1024, 'x');
  int published = 0;
  while (events_.subscribers() == 2 && published < 1'000) {
    events_.publish(make_chunk(server_sent_event("", std::to_string(published), filler)));
    const auto event = good.receive_event();
    ASSERT_TRUE(event);
    ASSERT_TRUE(event->starts_with("id: " + std::to_string(published) + "\n"));
    ++published;
  }
  EXPECT_LT(published, 1'000);
  EXPECT_TRUE(eventually([&] { return server_->statistics().cut_streams == 1; }));
  EXPECT_TRUE(eventually([&] { return server_->statistics().streams == 1; }));
}

TEST_F(HttpStream, ASlowReaderSkipsFreshChunks) {
  serve();
  HttpClient slow(server_->port(), 4096);
  ASSERT_TRUE(slow.get("/stream"));
  ASSERT_TRUE(eventually([&] { return events_.subscribers() == 1; }));
  const std::string filler(32 * 1024, 'x');
  for (int i = 0; i < 100; ++i) {
    events_.publish(make_chunk(server_sent_event("", std::to_string(i), filler)), Delivery::kFresh);
  }
  EXPECT_EQ(events_.subscribers(), 1u);
  ASSERT_TRUE(slow.receive_head());
  ASSERT_TRUE(slow.receive_event());  // hello
  ASSERT_TRUE(slow.receive_event()->starts_with("id: 0\n"));
  ASSERT_TRUE(slow.receive_event()->starts_with("id: 1\n"));
  EXPECT_TRUE(eventually([&] {
    while (slow.receive_event(10ms)) {
    }
    events_.publish(make_chunk("id: new\ndata: \n\n"), Delivery::kFresh);
    return slow.receive_event() == "id: new\ndata: \n\n";
  }));
  EXPECT_GT(server_->statistics().skipped_chunks, 50u);
  EXPECT_EQ(server_->statistics().cut_streams, 0u);
}

TEST_F(HttpStream, AReaderThatTakesNothingIsCutAlsoWhenNothingIsPublished) {
  HttpLimits limits;
  limits.response_time = 200ms;
  limits.keep_alive = 50ms;
  serve(limits);
  HttpClient slow(server_->port(), 4096);
  ASSERT_TRUE(slow.get("/stream"));
  ASSERT_TRUE(eventually([&] { return events_.subscribers() == 1; }));
  events_.publish(make_chunk(std::string(1 << 20, 'x')));
  EXPECT_TRUE(eventually([&] { return server_->statistics().cut_streams == 1; }));
  EXPECT_TRUE(eventually([&] { return server_->statistics().streams == 0; }));
}

TEST_F(HttpStream, TwoHundredStalledClientsDelayNeitherOthersNorTheStop) {
  HttpLimits limits;
  limits.streams = 300;
  serve(limits);
  for (int i = 0; i < 200; ++i) {
    clients_.emplace_back(server_->port(), 4096);
    ASSERT_TRUE(clients_.back().get("/stream"));
  }
  ASSERT_TRUE(eventually([&] { return server_->statistics().streams == 200; }));
  const auto chunk = make_chunk(std::string(200 * 1024, 'x'));
  events_.publish(chunk);
  HttpClient& good = open_stream();
  for (int i = 0; i < 20; ++i) {
    events_.publish(make_chunk("data: x\n\n"), Delivery::kFresh);
    ASSERT_EQ(good.receive_event(), "data: x\n\n");
    ASSERT_TRUE(answered());
  }
  EXPECT_EQ(server_->statistics().cut_streams, 0u);
  EXPECT_EQ(chunk.use_count(), 201);  // all clients share one encoding
  const auto begin = Clock::now();
  server_->stop();
  EXPECT_LT(Clock::now() - begin, 1s);
  EXPECT_EQ(chunk.use_count(), 1);
  EXPECT_EQ(events_.subscribers(), 0u);
}

TEST_F(HttpStream, PublishingContinuesWhileClientsComeAndGoAndTheServerStops) {
  serve();
  std::jthread publisher([&](const std::stop_token& stop) {
    for (int i = 0; !stop.stop_requested(); ++i) {
      events_.publish(make_chunk(server_sent_event("", std::to_string(i), "x")),
                      i % 2 == 0 ? Delivery::kWhole : Delivery::kFresh);
      std::this_thread::sleep_for(100us);
    }
  });
  for (int i = 0; i < 60; ++i) {
    HttpClient client(server_->port());
    ASSERT_TRUE(client.get("/stream"));
    ASSERT_TRUE(client.receive_head());
    for (int n = 0; n < 5; ++n) ASSERT_TRUE(client.receive_event());
    if (i % 2 == 0) client.abort();
  }
  for (int i = 0; i < 5; ++i) open_stream();
  server_->stop();
  server_.reset();
  publisher.request_stop();
  publisher.join();
}

}  // namespace
}  // namespace tallyman
