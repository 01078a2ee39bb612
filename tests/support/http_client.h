// A raw-socket HTTP client for tests: sends exactly the bytes it is given and
// parses answers itself, so that it shares no mistake with the server. Every wait
// is bounded. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace tallyman::test {

struct HttpReply {
  int status = 0;
  std::string status_line;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  std::string header(const std::string& name) const;  // "" when it is not there
};

class HttpClient {
 public:
  // To 127.0.0.1. `receive_buffer_bytes` above 0 is SO_RCVBUF.
  explicit HttpClient(std::uint16_t port, int receive_buffer_bytes = 0);
  HttpClient(HttpClient&& other) noexcept;
  HttpClient& operator=(HttpClient&&) = delete;
  ~HttpClient();  // close()

  bool connected() const { return descriptor_ >= 0; }
  // False if the peer does not accept everything within the time.
  bool send(std::string_view bytes, std::chrono::milliseconds time = std::chrono::seconds(20));
  bool get(std::string_view target, std::string_view more_headers = "");

  // The next answer; the body's length is from Content-Length (0 after HEAD).
  std::optional<HttpReply> receive(bool head = false, std::chrono::milliseconds time = std::chrono::seconds(20));
  // The head of a response without a length, and then the text up to and including an
  // empty line: one server-sent event or comment.
  std::optional<HttpReply> receive_head(std::chrono::milliseconds time = std::chrono::seconds(20));
  std::optional<std::string> receive_event(std::chrono::milliseconds time = std::chrono::seconds(20));
  // Reads and drops at most so many bytes; 0 if the peer has closed or nothing arrived.
  std::size_t skip(std::size_t bytes, std::chrono::milliseconds time);
  // True if the peer has closed or reset, and nothing more arrived before that.
  bool closed_by_peer(std::chrono::milliseconds time = std::chrono::seconds(20));

  void end_sending();  // half-close
  void close();
  void abort();  // reset

 private:
  bool read_more(std::chrono::steady_clock::time_point until);

  int descriptor_ = -1;
  std::string received_;
};

// One GET on a connection of its own.
std::optional<HttpReply> http_get(std::uint16_t port, std::string_view target, std::string_view more_headers = "");

}  // namespace tallyman::test
