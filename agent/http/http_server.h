// A small HTTP/1.1 server on Boost.Asio and Beast, which stay behind this
// header: they take half a minute to compile. One thread runs the connections;
// handlers may answer from any thread. A slow, silent or hostile client costs
// one bounded connection and holds up nobody.
#pragma once

#include "collectors/kernel/system/error.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tallyman {

class EventStream;  // agent/http/event_stream.h

struct HttpRequest {
  std::string method;  // "GET", "HEAD"; others are answered 405 before the handler
  std::string
      path;  // decoded UTF-8, begins with '/'; never a ".." segment or a control character (400 before the handler)
  std::vector<std::pair<std::string, std::string>> query;  // decoded UTF-8, in order
  std::string accept, accept_encoding, if_none_match, last_event_id;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::vector<std::pair<std::string, std::string>> headers;  // Content-Encoding, Cache-Control, ...
  std::shared_ptr<const std::string> body;                   // shared by many responses; HEAD sends its length alone
  // Instead of a body: server-sent events, until either side ends, and the
  // connection with it. HEAD is sent the head alone.
  std::shared_ptr<EventStream> stream;
};

// Times are absolute for the whole thing, not for each read or write: who drips
// bytes gains nothing.
struct HttpLimits {
  std::size_t header_bytes = 16 * 1024;  // request line and headers; no request has a body
  // Past it each new connection costs one at once: the one that has kept the
  // server waiting longest for a request (or has read nothing of its response for
  // a second); with none such, the new one. So a flood does not lock others out.
  std::size_t connections = 512;
  std::chrono::milliseconds request_time{10'000};   // to receive one whole request, and idle keep-alive
  std::chrono::milliseconds response_time{30'000};  // for the handler's answer and to send all of it
  // Streams have no end to be late for: one is cut when its client has taken
  // nothing for response_time. One more than `streams` is answered 503.
  std::size_t streams = 64;
  std::chrono::milliseconds keep_alive{15'000};  // a comment, when there was nothing else to send for so long
};

struct HttpStatistics {
  std::uint64_t requests = 0;              // given to the handler
  std::uint64_t rejected_connections = 0;  // closed for the limit on connections
  std::uint64_t bad_requests = 0;          // answered 4xx before the handler
  std::uint64_t timeouts = 0;              // requests, answers of the handler and responses past their time
  std::uint64_t connections = 0;           // open now
  std::uint64_t streams = 0;               // of these, sending events
  std::uint64_t rejected_streams = 0;      // answered 503 for the limit on streams
  std::uint64_t cut_streams = 0;           // whose client read too slowly
  std::uint64_t skipped_chunks = 0;        // that slow clients were not sent
};

class HttpServer {
 public:
  // Called in the server's thread; must not block. `respond` may be called from
  // any thread, also after the server's end; the first call counts, and after the
  // connection is gone it does nothing. A handler that throws, or drops `respond`
  // uncalled, is answered with 500; one past response_time with 503.
  using Respond = std::function<void(HttpResponse)>;
  using Handler = std::function<void(HttpRequest, Respond)>;

  // Binds and listens at once. `address` is "HOST:PORT", "[V6]:PORT" or ":PORT"
  // (all addresses, IPv4 and IPv6); port 0 is any free one. Error::where names the
  // address and what to look at: "127.0.0.1:8255 (another program listens there)".
  static Result<std::unique_ptr<HttpServer>> listen(const std::string& address, HttpLimits limits, Handler handler);
  ~HttpServer();  // stop()

  void start();  // runs its thread
  // Cuts all connections and joins, within a fraction of a second, however many
  // are stalled. Not from a handler. A stopped server does not start again.
  void stop();
  std::uint16_t port() const;
  std::string address() const;  // "127.0.0.1:8255", with the real port
  HttpStatistics statistics() const;

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tallyman
