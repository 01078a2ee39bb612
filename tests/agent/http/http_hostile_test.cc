// Clients that are slow, silent, broken or many. Each gets a clear answer or is
// disconnected, and a good client is served all the time.
#include "agent/http/http_server.h"
#include "collectors/kernel/system/self_process.h"
#include "tests/support/eventually.h"
#include "tests/support/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

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

constexpr std::size_t kLargeBytes = 8 * 1024 * 1024;

// "/large" exceeds all socket buffers; "/medium" fits the server's buffer, not a small client's.
HttpServer::Handler pages() {
  const auto large = std::make_shared<const std::string>(kLargeBytes, 'x');
  const auto medium = std::make_shared<const std::string>(100'000, 'x');
  const auto small = std::make_shared<const std::string>("fine");
  return [=](const HttpRequest& request, const HttpServer::Respond& respond) {
    HttpResponse response;
    response.body = request.path == "/large" ? large : request.path == "/medium" ? medium : small;
    respond(std::move(response));
  };
}

std::unique_ptr<HttpServer> serve(HttpLimits limits = {}) {
  auto server = HttpServer::listen("127.0.0.1:0", limits, pages());
  if (!server) return nullptr;
  (*server)->start();
  return std::move(*server);
}

HttpLimits short_times() {
  HttpLimits limits;
  limits.request_time = 400ms;
  limits.response_time = 400ms;
  return limits;
}

bool answered(const HttpServer& server) { return http_get(server.port(), "/").value_or(HttpReply{}).body == "fine"; }

std::uint64_t open_descriptors() { return read_self_process().open_fds.value(); }

TEST(HostileRequest, IsAnswered400WithASentence) {
  const auto server = serve();
  const std::string rest = " HTTP/1.1\r\nHost: t\r\n\r\n";
  const std::pair<std::string, const char*> cases[] = {
      {"GET /../../etc/passwd" + rest, "\"..\" segment"},
      {"GET /%2e%2e/%2e%2e/etc/passwd" + rest, "\"..\" segment"},
      {"GET /%zz" + rest, "two hexadecimal digits"},
      {"GET /%00" + rest, "control character"},
      {"GET /%ff%fe" + rest, "not valid UTF-8"},
      {"GET /\xc0\xaf" + rest, "not valid UTF-8"},
      {"GET metrics" + rest, "begin with '/'"},
      {"GET /a#b" + rest, "'#'"},
      {"GET /?a=%f" + rest, "two hexadecimal digits"},
      {"GET / HTTP/2.0\r\n\r\n", "not an HTTP/1.1 request"},
      {"GET / FTP/1.1\r\n\r\n", "not an HTTP/1.1 request"},
      {"GET /\r\n\r\n", "not an HTTP/1.1 request"},
      {"GET\r\n\r\n", "not an HTTP/1.1 request"},
      {"\r\n\r\n\r\n\r\n", "not an HTTP/1.1 request"},
      {"GET /a b HTTP/1.1\r\n\r\n", "not an HTTP/1.1 request"},
      {"G\xffT / HTTP/1.1\r\n\r\n", "not an HTTP/1.1 request"},
      {"GET / HTTP/1.1\r\nNo colon\r\n\r\n", "not an HTTP/1.1 request"},
      {"GET / HTTP/1.1\r\nSpaced : x\r\n\r\n", "not an HTTP/1.1 request"},
      {std::string("GET /a\0b", 8) + rest, "not an HTTP/1.1 request"},
      {std::string("GET / HTTP/1.1\r\nA: b\0c\r\n\r\n", 27), "not an HTTP/1.1 request"},
      {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS client\r\n\r\n", "not an HTTP/1.1 request"},
  };
  for (const auto& [request, sentence] : cases) {
    HttpClient client(server->port());
    ASSERT_TRUE(client.send(request));
    client.end_sending();
    const auto reply = client.receive();
    ASSERT_TRUE(reply) << request;
    EXPECT_EQ(reply->status, 400) << request;
    EXPECT_EQ(reply->header("content-type"), "text/plain; charset=utf-8");
    EXPECT_THAT(reply->body, HasSubstr(sentence)) << request;
    EXPECT_TRUE(client.closed_by_peer());
  }
  EXPECT_EQ(server->statistics().bad_requests, std::size(cases));
  EXPECT_EQ(server->statistics().requests, 0u);
  EXPECT_TRUE(answered(*server));
}

TEST(HostileRequest, WithTooLongAHeaderIsAnswered431) {
  const auto server = serve();
  for (const std::string& request : {"GET / HTTP/1.1\r\nHost: t\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n",
                                     "GET /" + std::string(20'000, 'x') + " HTTP/1.1\r\nHost: t\r\n\r\n",
                                     std::string(20'000, 'G'), "GET / HTTP/1.1\r\n" + std::string(20'000, 'x')}) {
    HttpClient client(server->port());
    ASSERT_TRUE(client.send(request));
    EXPECT_EQ(client.receive().value_or(HttpReply{}).status, 431) << request.substr(0, 20);
  }
  const auto fits = http_get(server->port(), "/", "X: " + std::string(16'000, 'x') + "\r\n");
  EXPECT_EQ(fits.value_or(HttpReply{}).status, 200);
}

TEST(HostileRequest, WithAnEndlessHeaderIsAnsweredThenCut) {
  const auto server = serve();
  HttpClient client(server->port());
  ASSERT_TRUE(client.send("GET / HTTP/1.1\r\nHost: t\r\n"));
  const std::string line = "X-Endless: " + std::string(1000, 'x') + "\r\n";
  std::size_t sent = 0;
  while (sent < 64'000'000 && client.send(line)) sent += line.size();
  EXPECT_LT(sent, 16'000'000u);
  EXPECT_EQ(server->statistics().bad_requests, 1u);
  EXPECT_TRUE(eventually([&] { return server->statistics().connections == 0; }));
}

TEST(HostileRequest, ThatIsIncompleteIsAnsweredIfTheClientStillReads) {
  const auto server = serve();
  HttpClient reading(server->port());
  ASSERT_TRUE(reading.send("GET / HTTP/1.1\r\nHos"));
  reading.end_sending();
  const auto reply = reading.receive();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 400);
  EXPECT_THAT(reply->body, HasSubstr("middle of the request"));

  for (int i = 0; i < 50; ++i) {
    HttpClient gone(server->port());
    ASSERT_TRUE(
        gone.send(std::string_view("GET / HTTP/1.1\r\nHost: t\r\n\r\n").substr(0, static_cast<std::size_t>(i) % 28)));
    i % 2 == 0 ? gone.abort() : gone.close();
  }
  reading.close();
  EXPECT_TRUE(eventually([&] { return server->statistics().connections == 0; }));
  EXPECT_TRUE(answered(*server));
}

TEST(SlowClient, ThatDripsItsHeaderIsCutAtTheTotalDeadline) {
  const auto server = serve(short_times());
  HttpClient client(server->port());
  const auto begin = Clock::now();
  ASSERT_TRUE(client.send("GET / HTTP/1.1\r\nHost: t\r\nX: "));
  std::optional<HttpReply> reply;
  while (!(reply = client.receive(false, 20ms)) && Clock::now() - begin < 15s) client.send("x");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 408);
  EXPECT_GE(Clock::now() - begin, 390ms);
  EXPECT_EQ(server->statistics().timeouts, 1u);
  while (client.send("x") && Clock::now() - begin < 15s) std::this_thread::sleep_for(20ms);  // one byte at a time
  EXPECT_TRUE(eventually([&] { return server->statistics().connections == 0; }));
  EXPECT_LT(Clock::now() - begin, 15s);
}

TEST(SlowClient, ThatIsSilentIsClosed) {
  const auto server = serve(short_times());
  HttpClient silent(server->port());
  EXPECT_TRUE(silent.closed_by_peer());
  EXPECT_EQ(server->statistics().timeouts, 1u);

  HttpClient idle(server->port());
  ASSERT_TRUE(idle.get("/"));
  EXPECT_TRUE(idle.receive());
  EXPECT_TRUE(idle.closed_by_peer());
  EXPECT_EQ(server->statistics().timeouts, 1u);  // an idle connection after an answer is not an error
}

TEST(SlowClient, ThatDripsItsReadingIsCutAtTheTotalDeadline) {
  const auto server = serve(short_times());
  HttpClient client(server->port(), 4096);
  ASSERT_TRUE(client.get("/large"));
  std::size_t taken = 0;
  for (std::size_t got; (got = client.skip(2'000, 15s)) > 0; std::this_thread::sleep_for(5ms)) taken += got;
  EXPECT_GT(taken, 0u);
  EXPECT_LT(taken, kLargeBytes);
  EXPECT_TRUE(eventually([&] { return server->statistics().connections == 0; }));
  EXPECT_EQ(server->statistics().timeouts, 1u);
}

TEST(SlowClient, ThatHalfClosesAndNeverReadsIsCut) {
  for (const char* path : {"/large", "/medium"}) {
    const auto server = serve(short_times());
    HttpClient client(server->port(), 4096);
    ASSERT_TRUE(client.send("GET " + std::string(path) + " HTTP/1.0\r\n\r\n"));
    client.end_sending();
    ASSERT_TRUE(eventually([&] { return server->statistics().requests == 1; }));
    EXPECT_TRUE(eventually([&] { return server->statistics().connections == 0; }));
    std::size_t taken = 0;
    for (std::size_t got; (got = client.skip(100'000, 15s)) > 0;) taken += got;
    EXPECT_LT(taken, 100'000u) << path;  // reset at once, not left to the kernel to deliver
    EXPECT_TRUE(answered(*server));
  }
}

TEST(SlowClient, SendsItsBodyForNothing) {
  const auto server = serve();
  HttpClient client(server->port());
  ASSERT_TRUE(client.send("GET / HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000000\r\n\r\n"));
  EXPECT_EQ(client.receive().value_or(HttpReply{}).status, 413);
  const std::string chunk(64 * 1024, 'b');
  std::size_t sent = 0;
  while (sent < 64'000'000 && client.send(chunk)) sent += chunk.size();
  EXPECT_LT(sent, 16'000'000u);
}

TEST(ManyClients, TwoHundredThatNeverReadDelayNobody) {
  const auto server = serve();
  std::vector<HttpClient> stalled;
  for (int i = 0; i < 200; ++i) {
    stalled.emplace_back(server->port(), 4096);
    ASSERT_TRUE(stalled.back().get("/large"));
    if (i % 10 == 0) {
      ASSERT_TRUE(answered(*server)) << i;
    }
  }
  ASSERT_TRUE(eventually([&] { return server->statistics().requests == 220; }));
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(answered(*server));
  const auto large = http_get(server->port(), "/large");
  ASSERT_TRUE(large);
  EXPECT_EQ(large->body.size(), kLargeBytes);
  EXPECT_GE(server->statistics().connections, 200u);

  const auto begin = Clock::now();
  server->stop();
  EXPECT_LT(Clock::now() - begin, 1s);
}

TEST(ManyClients, ThatPipelineWithoutReadingDelayNobody) {
  const auto server = serve(short_times());
  std::string requests;
  for (int i = 0; i < 2'000; ++i) requests += "GET /large HTTP/1.1\r\nHost: t\r\n\r\n";
  std::vector<HttpClient> pushing;
  for (int i = 0; i < 10; ++i) {
    pushing.emplace_back(server->port(), 4096);
    pushing.back().send(requests, 20ms);
  }
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(answered(*server));
  EXPECT_LT(server->statistics().requests, 100u);
  EXPECT_TRUE(eventually([&] { return server->statistics().connections == 0; }));
}

TEST(ManyClients, TenThousandConnectionsMeetTheLimitAndDelayNobody) {
  HttpLimits limits;
  limits.connections = 64;
  const auto server = serve(limits);
  HttpClient good(server->port());
  ASSERT_TRUE(good.get("/"));
  ASSERT_TRUE(good.receive());
  const auto descriptors = open_descriptors();

  constexpr int kConnections = 10'000, kBatch = 250;
  std::deque<HttpClient> batch;
  int answers = 0;
  for (int i = 0; i < kConnections; ++i) {
    if (batch.size() == kBatch) {
      ASSERT_TRUE(answered(*server)) << i;
      ++answers;
      for (auto& client : batch) client.abort();
      batch.clear();
      ASSERT_LE(server->statistics().connections, limits.connections);
    }
    batch.emplace_back(server->port());
    ASSERT_TRUE(batch.back().connected()) << i;
    if (i % 3 == 1) batch.back().send("GET / HTTP/1.1\r\nHos");
  }
  EXPECT_EQ(answers, kConnections / kBatch - 1);
  EXPECT_TRUE(answered(*server));
  EXPECT_GE(server->statistics().rejected_connections, 5'000u);
  EXPECT_LE(server->statistics().connections, limits.connections);
  batch.clear();
  EXPECT_TRUE(eventually([&] { return server->statistics().connections <= 1; }));
  EXPECT_LE(open_descriptors(), descriptors + 4);
}

TEST(ManyClients, ThatNeverReadGiveWayWhenTheLimitIsReached) {
  HttpLimits limits;
  limits.connections = 20;
  const auto server = serve(limits);
  std::vector<HttpClient> stalled;
  for (int i = 0; i < 20; ++i) {
    stalled.emplace_back(server->port(), 4096);
    ASSERT_TRUE(stalled.back().get("/large"));
  }
  ASSERT_TRUE(eventually([&] { return server->statistics().requests == 20; }));
  EXPECT_TRUE(eventually([&] { return answered(*server); }));  // after they have stalled for a second
  EXPECT_LE(server->statistics().connections, 20u);
  EXPECT_GE(server->statistics().rejected_connections, 1u);
}

TEST(ManyClients, InsideTheirHandlersAreNeverGivenUpForNewOnes) {
  HttpLimits limits;
  limits.connections = 3;
  std::vector<HttpServer::Respond> waiting;
  std::atomic<int> begun{0};
  auto server = HttpServer::listen("127.0.0.1:0", limits, [&](const HttpRequest&, HttpServer::Respond respond) {
    waiting.push_back(std::move(respond));
    ++begun;
  });
  ASSERT_TRUE(server);
  (*server)->start();
  std::deque<HttpClient> clients;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(clients.emplace_back((*server)->port()).get("/"));
  ASSERT_TRUE(eventually([&] { return begun == 3; }));
  EXPECT_TRUE(HttpClient((*server)->port()).closed_by_peer());
  EXPECT_EQ((*server)->statistics().rejected_connections, 1u);
  for (const auto& respond : waiting) respond(HttpResponse{});
  for (auto& client : clients) EXPECT_EQ(client.receive().value_or(HttpReply{}).status, 200);
}

TEST(ManyClients, OfEveryKindDoNotDelayTheStop) {
  const auto server = serve();
  std::deque<HttpClient> clients;
  for (int i = 0; i < 100; ++i) {
    auto& client = clients.emplace_back(server->port(), 4096);
    if (i % 4 == 1) client.send("GET / HTTP/1.1\r\nHost:");
    if (i % 4 == 2) client.get("/large");
    if (i % 4 == 3) client.send("GET /large HTTP/1.0\r\n\r\n");
  }
  ASSERT_TRUE(
      eventually([&] { return server->statistics().requests == 50 && server->statistics().connections == 100; }));
  const auto begin = Clock::now();
  server->stop();
  EXPECT_LT(Clock::now() - begin, 1s);
  EXPECT_EQ(server->statistics().connections, 0u);
}

// CPU time of all threads of the process, in milliseconds.
double process_cpu_ms() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto ms = [](const timeval& time) {
    return 1e3 * static_cast<double>(time.tv_sec) + 1e-3 * static_cast<double>(time.tv_usec);
  };
  return ms(usage.ru_utime) + ms(usage.ru_stime);
}

TEST(OutOfDescriptors, TheServerWaitsWithoutSpinningAndContinues) {
  const auto server = serve();
  ASSERT_TRUE(answered(*server));
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  std::optional<HttpClient> client;
  {
    // The client takes the last descriptor; accept() finds none left.
    const int next = dup(0);
    ASSERT_GE(next, 0);
    close(next);
    const rlimit tight{static_cast<rlim_t>(next) + 1, before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &tight), 0);
    client.emplace(server->port());
  }
  const double cpu_before = process_cpu_ms();
  std::this_thread::sleep_for(500ms);
  const double cpu_ms = process_cpu_ms() - cpu_before;
  EXPECT_EQ(server->statistics().connections, 0u);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_TRUE(client->connected());
  EXPECT_LT(cpu_ms, 250);
  ASSERT_TRUE(client->get("/"));
  EXPECT_EQ(client->receive().value_or(HttpReply{}).body, "fine");
}

}  // namespace
}  // namespace tallyman
