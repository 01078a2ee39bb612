#include "agent/http/http_client.h"

#include "agent/http/http_server.h"
#include "agent/http/responses.h"

#include <sys/socket.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include <cerrno>
#include <string_view>
#include <thread>

namespace tallyman {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr auto kLong = 60s;

TEST(HttpClient, GetsWhatAServerAnswers) {
  const std::string large(3 << 20, 'x');
  auto server =
      HttpServer::listen("127.0.0.1:0", {}, [&](const HttpRequest& request, const HttpServer::Respond& respond) {
        respond(request.path == "/large" ? text_response(200, large) : error_response(404, request.host));
      }).value();
  server->start();
  const ListenAddress address{"127.0.0.1", server->port()};
  const HttpAnswer answer = http_get(address, "/large", kLong).value();
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.body, large + "\n");
  const HttpAnswer other = http_get(address, "/other", kLong).value();
  EXPECT_EQ(other.status, 404U);
  EXPECT_THAT(other.body, HasSubstr(to_string(address)));
  server->stop();
}

// Accepts one connection, sends this, and closes it.
class Scripted {
 public:
  explicit Scripted(std::string_view text)
      : listener_(open_listener("127.0.0.1:0").value()), thread_([this, text = std::string(text)] {
          int fd = -1;
          while ((fd = accept(listener_.descriptor, nullptr, nullptr)) < 0) std::this_thread::sleep_for(1ms);
          char request[4096];
          while (recv(fd, request, sizeof request, 0) < 0 && errno == EINTR) {
          }
          send(fd, text.data(), text.size(), MSG_NOSIGNAL);
          ::close(fd);
        }) {}
  ~Scripted() {
    thread_.join();
    ::close(listener_.descriptor);
  }
  ListenAddress address() const { return {"127.0.0.1", listener_.port}; }

 private:
  Listener listener_;
  std::thread thread_;
};

TEST(HttpClient, TakesABodyInChunksAndOneThatEndsWithTheConnection) {
  {
    const Scripted server("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    EXPECT_EQ(http_get(server.address(), "/", kLong).value().body, "abcde");
  }
  const Scripted server("HTTP/1.0 200 OK\r\n\r\nabc");
  EXPECT_EQ(http_get(server.address(), "/", kLong).value().body, "abc");
}

TEST(HttpClient, AnAnswerThatIsNoneOrBreaksOffIsAnError) {
  for (const std::string_view text : {"SSH-2.0-OpenSSH_9.2\r\n", "", "HTTP/1.1 200 OK\r\nContent-Len",
                                      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"}) {
    const Scripted server(text);
    const auto answer = http_get(server.address(), "/", kLong);
    ASSERT_FALSE(answer) << text;
    EXPECT_THAT(answer.error().where, HasSubstr(to_string(server.address())));
  }
}

TEST(HttpClient, NobodyThereAndNoAnswerInTimeAreReported) {
  const Listener listener = open_listener("127.0.0.1:0").value();
  const ListenAddress address{"127.0.0.1", listener.port};
  const auto late = http_get(address, "/", 50ms);  // nobody accepts the connection
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ETIMEDOUT);
  ::close(listener.descriptor);
  const auto refused = http_get(address, "/", kLong);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ECONNREFUSED);
}

TEST(HttpClient, AsksOnLoopbackWhereAServerListensEverywhere) {
  const auto asked = [](const std::string& text) {
    return to_string(address_to_ask(parse_listen_address(text).value()));
  };
  EXPECT_EQ(asked(":8255"), "127.0.0.1:8255");
  EXPECT_EQ(asked("0.0.0.0:80"), "127.0.0.1:80");
  EXPECT_EQ(asked("[::]:8255"), "[::1]:8255");
  EXPECT_EQ(asked("192.168.1.7:8255"), "192.168.1.7:8255");
  EXPECT_EQ(asked("[fe80::1]:8255"), "[fe80::1]:8255");
  EXPECT_EQ(asked("localhost:8255"), "localhost:8255");
}

}  // namespace
}  // namespace tallyman
