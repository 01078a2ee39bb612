// A small HTTP/1.1 server on Boost.Asio and Beast, which stay behind this
// header: they take half a minute to compile. One thread runs the connections;
// handlers may answer from any thread. A slow, silent or hostile client costs
// one bounded connection and holds up nobody.
#pragma once

#include "collectors/kernel/error.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tallyman {

struct HttpRequest {
  std::string method;  // "GET", "HEAD"; others are answered 405 before the handler
  std::string path;    // percent-decoded, begins with '/'; never holds "..", NUL or a broken escape (400 before the handler)
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
  std::string accept, accept_encoding, last_event_id;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::vector<std::pair<std::string, std::string>> headers;  // Content-Encoding, Cache-Control, ...
  std::shared_ptr<const std::string> body;                   // shared by many responses; HEAD sends its length alone
};

struct HttpLimits {
  std::size_t header_bytes = 16 * 1024;
  std::size_t connections = 512;           // more are closed at once and counted
  std::chrono::milliseconds request_time{10'000};   // to receive one whole request, and idle keep-alive
  std::chrono::milliseconds response_time{30'000};  // to send one whole response
};

struct HttpStatistics {
  std::uint64_t requests = 0, rejected_connections = 0, bad_requests = 0, timeouts = 0, connections = 0;
};

class HttpServer {
 public:
  // Called in the server's thread; must not block. `respond` may be called from
  // any thread, once; after the connection is gone it does nothing.
  using Respond = std::function<void(HttpResponse)>;
  using Handler = std::function<void(HttpRequest, Respond)>;

  // Binds and listens at once. `address` is "HOST:PORT", "[V6]:PORT" or ":PORT";
  // an error names it ("127.0.0.1:8255: Address already in use").
  static Result<std::unique_ptr<HttpServer>> listen(const std::string& address, HttpLimits limits, Handler handler);
  ~HttpServer();  // stop()

  void start();  // runs its thread
  void stop();   // closes all connections, joins; within a fraction of a second
  std::uint16_t port() const;
  std::string address() const;  // "127.0.0.1:8255", with the real port
  HttpStatistics statistics() const;

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tallyman
