#include "agent/http/http_server.h"

#include "tests/support/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include <algorithm>
#include <csignal>
#include <future>
#include <mutex>
#include <thread>

namespace tallyman {
namespace {

using namespace std::chrono_literals;
using test::http_get;
using test::HttpClient;
using test::HttpReply;
using testing::HasSubstr;

// Answers with the parsed request.
void echo(HttpRequest request, const HttpServer::Respond& respond) {
  std::string text = request.method + " " + request.path;
  for (const auto& [key, value] : request.query) text.append(" ").append(key).append("=").append(value);
  text.append("|" + request.accept + "|" + request.accept_encoding + "|" + request.last_event_id);
  HttpResponse response;
  response.body = std::make_shared<const std::string>(std::move(text));
  respond(std::move(response));
}

std::unique_ptr<HttpServer> serve(HttpServer::Handler handler = echo, HttpLimits limits = {}) {
  auto server = HttpServer::listen("127.0.0.1:0", limits, std::move(handler));
  if (!server) return nullptr;
  (*server)->start();
  return std::move(*server);
}

// Sends one request on its own connection. Expects an answer and then the end.
HttpReply only_answer(const HttpServer& server, std::string_view request) {
  HttpClient client(server.port());
  EXPECT_TRUE(client.send(request));
  const auto reply = client.receive(request.starts_with("HEAD"));
  EXPECT_TRUE(reply) << request;
  EXPECT_TRUE(client.closed_by_peer()) << request;
  return reply.value_or(HttpReply{});
}

TEST(HttpServerAddress, HasTheRealPort) {
  const auto server = serve();
  ASSERT_NE(server, nullptr);
  EXPECT_NE(server->port(), 0);
  EXPECT_EQ(server->address(), "127.0.0.1:" + std::to_string(server->port()));
}

TEST(HttpServerAddress, OfAnotherServerIsAnErrorThatNamesIt) {
  const auto first = serve();
  const auto second = HttpServer::listen(first->address(), {}, echo);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().where, HasSubstr(first->address()));
  EXPECT_EQ(second.error().code, EADDRINUSE);
}

TEST(HttpServer, GivesTheHandlerTheDecodedRequest) {
  const auto server = serve();
  const auto reply = http_get(server->port(), "/a%20b?collect[]=cpu&x=%2B",
                              "Accept: text/plain\r\nAccept-Encoding: gzip\r\nACCEPT: */*\r\nLast-Event-ID: 7\r\n");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status_line, "HTTP/1.1 200 OK");
  EXPECT_EQ(reply->body, "GET /a b collect[]=cpu x=+|text/plain,*/*|gzip|7");
  EXPECT_EQ(reply->header("x-content-type-options"), "nosniff");
  EXPECT_EQ(reply->header("server"), "tallyman");
  EXPECT_EQ(reply->header("content-type"), "text/plain; charset=utf-8");
  EXPECT_THAT(reply->header("date"), HasSubstr(" GMT"));
  EXPECT_EQ(server->statistics().requests, 1u);
}

TEST(HttpServer, TakesABodyWhereItHasABoundForIt) {
  HttpLimits limits;
  limits.body_bytes = 10;
  const auto server = serve(
      [](const HttpRequest& request, const HttpServer::Respond& respond) {
        HttpResponse response;
        response.body = std::make_shared<const std::string>(request.method + " " + request.body);
        respond(std::move(response));
      },
      limits);
  const std::string post = "POST / HTTP/1.1\r\nHost: t\r\n";
  EXPECT_EQ(only_answer(*server, post + "Content-Length: 10\r\n\r\n0123456789").body, "POST 0123456789");
  EXPECT_EQ(only_answer(*server, post + "Content-Length: 11\r\n\r\n").status, 413) << "before it is sent";
  EXPECT_EQ(only_answer(*server, post + "Content-Length: 68719476736\r\n\r\n").status, 413);
  const std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(only_answer(*server, chunked + "5\r\nhello\r\n0\r\n\r\n").body, "POST hello");
  EXPECT_EQ(only_answer(*server, chunked + "b\r\nhello world\r\n0\r\n\r\n").status, 413);
  EXPECT_EQ(only_answer(*server, post + "Transfer-Encoding: gzip\r\n\r\nGET / HTTP/1.1\r\n").status, 501);
  EXPECT_EQ(only_answer(*server, "GET / HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\n\r\nx").status, 413);
  EXPECT_EQ(only_answer(*server, "PUT / HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\n\r\nx").status, 405);
  HttpClient client(server->port());
  EXPECT_TRUE(client.send(post + "Content-Length: 0\r\n\r\n"));
  EXPECT_EQ(client.receive().value_or(HttpReply{}).body, "POST ") << "and the connection stays";
  EXPECT_TRUE(client.send(post + "Content-Length: 5\r\n\r\nhel"));
  client.end_sending();
  EXPECT_EQ(client.receive().value_or(HttpReply{}).status, 400) << "the rest never comes";
}

TEST(HttpServer, ABodyThatNeverComesEndsWithTheTimeForARequest) {
  HttpLimits limits;
  limits.body_bytes = 10;
  limits.request_time = 100ms;
  const auto server = serve(echo, limits);
  EXPECT_EQ(only_answer(*server, "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhel").status, 408);
}

TEST(HttpServer, KeepsTheConnectionForMoreRequests) {
  const auto server = serve();
  HttpClient client(server->port());
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(client.get("/" + std::to_string(i)));
    const auto reply = client.receive();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->body, "GET /" + std::to_string(i) + "|||");
    EXPECT_EQ(reply->header("connection"), "");
  }
  EXPECT_EQ(server->statistics().connections, 1u);
  EXPECT_EQ(server->statistics().requests, 50u);
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
  // The first answer is the slowest to make.
  std::vector<std::jthread> threads;
  const auto server = serve([&](HttpRequest request, HttpServer::Respond respond) {
    threads.emplace_back([request = std::move(request), respond = std::move(respond)] {
      if (request.path == "/0") std::this_thread::sleep_for(100ms);
      echo(request, respond);
    });
  });
  HttpClient client(server->port());
  std::string requests;
  for (int i = 0; i < 20; ++i) requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: t\r\n\r\n";
  ASSERT_TRUE(client.send(requests + "GET /%00 HTTP/1.1\r\nHost: t\r\n\r\nHEAD /h HTTP/1.0\r\n\r\n"));
  for (int i = 0; i < 20; ++i) {
    const auto reply = client.receive();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->body, "GET /" + std::to_string(i) + "|||");
  }
  EXPECT_EQ(client.receive().value_or(HttpReply{}).status, 400);
  EXPECT_EQ(client.receive(true).value_or(HttpReply{}).header("content-length"), "10");
  EXPECT_TRUE(client.closed_by_peer());
}

TEST(HttpServer, AnswersHeadWithTheLengthOfTheGet) {
  const auto body = std::make_shared<const std::string>(1'000'000, 'x');
  const auto server = serve([&](const HttpRequest&, const HttpServer::Respond& respond) {
    HttpResponse response;
    response.body = body;
    respond(std::move(response));
  });
  HttpClient client(server->port());
  ASSERT_TRUE(client.send("HEAD / HTTP/1.1\r\nHost: t\r\n\r\nGET / HTTP/1.1\r\nHost: t\r\n\r\n"));
  const auto head = client.receive(true);
  const auto get = client.receive();
  ASSERT_TRUE(head && get);
  EXPECT_EQ(head->header("content-length"), "1000000");
  EXPECT_EQ(head->headers.size(), get->headers.size());
  EXPECT_EQ(get->body, *body);
}

TEST(HttpServer, SendsNoContentWhereTheStatusHasNone) {
  const auto server = serve([](const HttpRequest&, const HttpServer::Respond& respond) {
    HttpResponse response;
    response.status = 304;
    response.body = std::make_shared<const std::string>("never sent");
    respond(std::move(response));
  });
  HttpClient client(server->port());
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(client.get("/"));
    const auto reply = client.receive();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status_line, "HTTP/1.1 304 Not Modified");
    EXPECT_EQ(reply->header("content-length"), "");
  }
}

TEST(HttpServer, ClosesAfterHttp10AndWhenAsked) {
  const auto server = serve();
  for (const char* request : {"GET /x HTTP/1.0\r\n\r\n", "GET /x HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n",
                              "GET /x HTTP/1.1\r\nHost: t\r\nConnection: foo, Close\r\n\r\n"}) {
    const auto reply = only_answer(*server, request);
    EXPECT_EQ(reply.body, "GET /x|||");
    EXPECT_EQ(reply.header("connection"), "close");
  }
}

TEST(HttpServer, KeepsAnHttp10ConnectionThatAsksForIt) {
  const auto server = serve();
  HttpClient client(server->port());
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    const auto reply = client.receive();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->header("connection"), "keep-alive");
  }
}

TEST(HttpServer, RefusesOtherMethodsAndStays) {
  const auto server = serve();
  HttpClient client(server->port());
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW", "get"}) {
    ASSERT_TRUE(client.send(std::string(method) + " /metrics HTTP/1.1\r\nHost: t\r\n\r\n"));
    const auto reply = client.receive();
    ASSERT_TRUE(reply) << method;
    EXPECT_EQ(reply->status, 405) << method;
    EXPECT_EQ(reply->header("allow"), "GET, HEAD");
    EXPECT_EQ(reply->header("x-content-type-options"), "nosniff");
  }
  EXPECT_EQ(server->statistics().requests, 0u);
  EXPECT_EQ(server->statistics().bad_requests, 8u);
}

TEST(HttpServer, RefusesBodies) {
  const auto server = serve();
  const std::string get = "GET / HTTP/1.1\r\nHost: t\r\n";
  EXPECT_EQ(only_answer(*server, get + "Content-Length: 5\r\n\r\nhello").status, 413);
  EXPECT_EQ(only_answer(*server, get + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n").status, 413);
  EXPECT_EQ(only_answer(*server, get + "Transfer-Encoding: gzip\r\n\r\nGET /smuggled HTTP/1.1\r\n").status, 413);
  EXPECT_EQ(only_answer(*server, get + "Content-Length: 18446744073709551615\r\n\r\n").status, 413);
  EXPECT_EQ(only_answer(*server, get + "Content-Length: 99999999999999999999999\r\n\r\n").status, 400);
  EXPECT_EQ(only_answer(*server, get + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n").status, 400);
  EXPECT_EQ(only_answer(*server, get + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n").status, 400);
  EXPECT_EQ(only_answer(*server, "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhello").status, 405);
  EXPECT_EQ(server->statistics().requests, 0u);

  EXPECT_EQ(http_get(server->port(), "/", "Content-Length: 0\r\n").value_or(HttpReply{}).status, 200);
}

TEST(HttpServer, UnderstandsExpectContinueAlone) {
  const auto server = serve();
  const std::string get = "GET / HTTP/1.1\r\nHost: t\r\n";
  EXPECT_EQ(only_answer(*server, get + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n").status, 413);
  EXPECT_EQ(only_answer(*server, get + "Expect: 100-Continue\r\nConnection: close\r\n\r\n").status, 200);
  EXPECT_EQ(only_answer(*server, get + "Expect: a-miracle\r\n\r\n").status, 417);
}

TEST(HttpServer, NeedsOneHostHeader) {
  const auto server = serve();
  EXPECT_EQ(only_answer(*server, "GET / HTTP/1.1\r\n\r\n").status, 400);
  EXPECT_EQ(only_answer(*server, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n").status, 400);
}

TEST(HttpServer, AnswersFromAnyThreadManyAtOnce) {
  std::mutex mutex;
  std::vector<std::pair<HttpRequest, HttpServer::Respond>> waiting;
  const auto server = serve([&](HttpRequest request, HttpServer::Respond respond) {
    const std::lock_guard lock(mutex);
    waiting.emplace_back(std::move(request), std::move(respond));
  });
  std::jthread answering([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::vector<std::pair<HttpRequest, HttpServer::Respond>> taken;
      {
        const std::lock_guard lock(mutex);
        taken.swap(waiting);
      }
      for (auto& [request, respond] : taken) {
        echo(request, respond);
        respond(HttpResponse{500, "text/plain", {}, nullptr, nullptr});  // the second call is ignored
      }
      std::this_thread::sleep_for(1ms);
    }
  });
  std::vector<std::future<int>> clients;
  for (int c = 0; c < 8; ++c) {
    clients.push_back(std::async(std::launch::async, [&, c] {
      HttpClient client(server->port());
      int good = 0;
      for (int i = 0; i < 25; ++i) {
        const std::string path = "/" + std::to_string(c) + "/" + std::to_string(i);
        client.get(path);
        good += client.receive().value_or(HttpReply{}).body == "GET " + path + "|||" ? 1 : 0;
      }
      return good;
    }));
  }
  for (auto& client : clients) EXPECT_EQ(client.get(), 25);
}

TEST(HttpServer, AnswersForAHandlerThatThrowsOrForgets) {
  const auto server = serve([](const HttpRequest& request, const HttpServer::Respond&) {
    if (request.path == "/throw") throw std::runtime_error("oops");
  });
  EXPECT_EQ(http_get(server->port(), "/throw").value_or(HttpReply{}).status, 500);
  EXPECT_EQ(http_get(server->port(), "/forget").value_or(HttpReply{}).status, 500);
}

TEST(HttpServer, AnswersForAHandlerThatIsLate) {
  HttpServer::Respond late;
  HttpLimits limits;
  limits.response_time = 100ms;
  const auto server =
      serve([&](const HttpRequest&, HttpServer::Respond respond) { late = std::move(respond); }, limits);
  const auto reply = only_answer(*server, "GET / HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(server->statistics().timeouts, 1u);
  late(HttpResponse{});
}

// Work that takes long asks whether anybody waits for it.
TEST(HttpServer, SaysThatAnAnswerIsNoLongerWanted) {
  std::mutex mutex;
  std::vector<std::pair<HttpRequest, HttpServer::Respond>> kept;
  const auto server = serve([&](const HttpRequest& request, HttpServer::Respond respond) {
    const std::lock_guard lock(mutex);
    kept.emplace_back(request, std::move(respond));
  });
  const auto take = [&] {
    for (;;) {
      const std::lock_guard lock(mutex);
      if (kept.empty()) continue;
      auto one = std::move(kept.back());
      kept.pop_back();
      return one;
    }
  };
  for (const bool reset : {false, true}) {
    HttpClient client(server->port());
    ASSERT_TRUE(client.get("/"));
    const auto [request, respond] = take();
    EXPECT_TRUE(request.is_wanted());
    reset ? client.abort() : client.close();
    while (request.is_wanted()) std::this_thread::sleep_for(1ms);
  }
  HttpClient client(server->port());
  for (int i = 0; i < 3; ++i) {  // on one connection, with the next request ahead of its turn
    ASSERT_TRUE(client.get("/"));
    const auto [request, respond] = take();
    ASSERT_TRUE(client.get("/ahead"));
    EXPECT_TRUE(request.is_wanted());
    respond(HttpResponse{});
    EXPECT_TRUE(client.receive());
    EXPECT_FALSE(request.is_wanted()) << "it is answered";
    take().second(HttpResponse{});
    EXPECT_TRUE(client.receive());
  }
  EXPECT_TRUE(HttpRequest{}.is_wanted());
}

TEST(HttpServer, LetsARespondOutliveClientAndServer) {
  std::mutex mutex;
  std::vector<HttpServer::Respond> kept;
  const auto count = [&] {
    const std::lock_guard lock(mutex);
    return kept.size();
  };
  auto server = serve([&](const HttpRequest&, HttpServer::Respond respond) {
    const std::lock_guard lock(mutex);
    kept.push_back(std::move(respond));
  });
  for (int i = 0; i < 10; ++i) {
    HttpClient client(server->port());
    ASSERT_TRUE(client.get("/"));
    while (count() <= static_cast<std::size_t>(i)) std::this_thread::sleep_for(1ms);
    i % 2 == 0 ? client.abort() : client.close();
  }
  std::jthread other([&] {
    for (int i = 0; i < 5; ++i) kept[static_cast<std::size_t>(i)](HttpResponse{});
  });
  other.join();
  server.reset();
  for (std::size_t i = 5; i < 8; ++i) kept[i](HttpResponse{});
  kept.clear();  // two of them never called
}

TEST(HttpServer, AnswersAClientThatHasEndedSending) {
  const auto body = std::make_shared<const std::string>(3'000'000, 'y');
  const auto server = serve([&](const HttpRequest&, const HttpServer::Respond& respond) {
    HttpResponse response;
    response.body = body;
    respond(std::move(response));
  });
  HttpClient client(server->port(), 4096);
  ASSERT_TRUE(client.send("GET / HTTP/1.1\r\nHost: t\r\n\r\nGET / HTTP/1.1\r\nHost: t\r\n\r\n"));
  client.end_sending();
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(client.receive().value_or(HttpReply{}).body.size(), body->size());
  EXPECT_EQ(client.receive().value_or(HttpReply{}).body.size(), body->size());
  EXPECT_TRUE(client.closed_by_peer());
}

TEST(HttpServer, LeavesSignalsToOtherThreads) {
  const auto server = serve([](const HttpRequest&, const HttpServer::Respond& respond) {
    sigset_t blocked;
    sigemptyset(&blocked);
    pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
    HttpResponse response;
    response.status = sigismember(&blocked, SIGTERM) == 1 && sigismember(&blocked, SIGHUP) == 1 ? 200 : 500;
    respond(std::move(response));
  });
  EXPECT_EQ(http_get(server->port(), "/").value_or(HttpReply{}).status, 200);
  sigset_t here;
  pthread_sigmask(SIG_BLOCK, nullptr, &here);
  EXPECT_EQ(sigismember(&here, SIGTERM), 0);
}

TEST(HttpServer, StopsTwiceAndWithoutStart) {
  auto server = HttpServer::listen("127.0.0.1:0", {}, echo);
  ASSERT_TRUE(server);
  const auto port = (*server)->port();
  (*server)->stop();
  (*server)->start();
  EXPECT_FALSE(HttpClient(port).connected());
  const auto started = serve();
  EXPECT_EQ(http_get(started->port(), "/").value_or(HttpReply{}).status, 200);
  started->stop();
  started->stop();
  EXPECT_FALSE(HttpClient(started->port()).connected());
  EXPECT_EQ(started->statistics().connections, 0u);
}

}  // namespace
}  // namespace tallyman
