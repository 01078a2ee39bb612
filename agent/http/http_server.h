// A small HTTP/1.1 server on Boost.Asio and Beast. This header does not include
// them, because they take half a minute to compile. One thread runs the
// connections; handlers may answer from any thread. A slow, silent or hostile client
// costs one bounded connection and delays nobody.
#pragma once

#include "collectors/kernel/system/error.h"

#include <atomic>
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
  std::string method;  // "GET", "HEAD", with HttpLimits::body_bytes "POST"; others are answered 405 before the handler
  std::string
      path;  // decoded UTF-8, begins with '/'; never a ".." segment or a control character (400 before the handler)
  std::vector<std::pair<std::string, std::string>> query;  // decoded UTF-8, in order
  std::string accept, accept_encoding, if_none_match, last_event_id;
  std::string host;  // the header's value; empty if HTTP/1.0 has none
  std::string body;  // of a POST: as it came
  // False once nobody waits for the answer: the client has ended the connection or its half of
  // it, or the server has given up. Work that takes long looks at it first. May be null.
  std::shared_ptr<const std::atomic<bool>> wanted;

  bool is_wanted() const { return !wanted || *wanted; }
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::vector<std::pair<std::string, std::string>> headers;  // Content-Encoding, Cache-Control, ...
  std::shared_ptr<const std::string> body;                   // shared by many responses; HEAD sends only its length
  // Instead of a body: a stream of content_type, until one side ends the connection. HEAD
  // gets only the head.
  std::shared_ptr<EventStream> stream;
};

// Times are for the whole request or response, not for each read or write, so a
// client gains nothing by sending single bytes slowly.
struct HttpLimits {
  std::size_t header_bytes = std::size_t{16} * 1024;  // request line and headers
  std::size_t body_bytes = 0;                         // of a POST; 0: there is none
  // At this limit each new connection closes another one: the one that has let the
  // server wait longest for a request (or has read nothing of its response for a
  // second). If there is none, the new one is closed. So a flood cannot lock others
  // out.
  std::size_t connections = 512;
  std::chrono::milliseconds request_time{10'000};   // to receive one whole request, and idle keep-alive
  std::chrono::milliseconds response_time{30'000};  // for the handler's answer and to send all of it
  // A stream has no end. It is closed when its client has read nothing for
  // response_time. Further ones than `streams` get 503.
  std::size_t streams = 64;
  std::chrono::milliseconds keep_alive{15'000};  // sends a comment after this time without an event
};

struct HttpStatistics {
  std::uint64_t requests = 0;              // given to the handler
  std::uint64_t rejected_connections = 0;  // closed because of the limit on connections
  std::uint64_t bad_requests = 0;          // answered 4xx before the handler
  std::uint64_t timeouts = 0;              // requests, handlers and responses that took too long
  std::uint64_t connections = 0;           // open now
  std::uint64_t streams = 0;               // those of them that send events
  std::uint64_t rejected_streams = 0;      // answered 503 because of the limit on streams
  std::uint64_t cut_streams = 0;           // closed because the client read too slowly
  std::uint64_t skipped_chunks = 0;        // chunks that slow clients skipped
};

class HttpServer {
 public:
  // Called in the server's thread; must not block. `respond` may be called from any
  // thread, even after the server has ended. Only the first call counts, and it does
  // nothing if the connection is gone. If a handler throws, or drops `respond` without
  // a call, the client gets 500; after response_time it gets 503.
  using Respond = std::function<void(HttpResponse)>;
  using Handler = std::function<void(HttpRequest, Respond)>;

  // Binds and listens at once. `address` is "HOST:PORT", "[V6]:PORT" or ":PORT"
  // (all addresses, IPv4 and IPv6); port 0 is any free one. Error::where holds the
  // address and the likely cause: "127.0.0.1:8255 (another program listens there)".
  static Result<std::unique_ptr<HttpServer>> listen(const std::string& address, HttpLimits limits, Handler handler);
  ~HttpServer();  // stop()

  void start();  // runs its thread
  // Closes all connections and joins within a fraction of a second, even if many
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
