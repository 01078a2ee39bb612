// One accepted connection: reads requests, calls the handler, writes responses, closes.
// Internal to the HTTP server; everything here runs in the server's thread.
#pragma once

#include "agent/http/http_server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <unordered_map>

namespace tallyman {

class HttpConnection;

struct HttpCounters {  // read from any thread
  std::atomic<std::uint64_t> requests{0}, rejected{0}, bad_requests{0}, timeouts{0}, connections{0};
  std::atomic<std::uint64_t> streams{0}, rejected_streams{0}, cut_streams{0}, skipped_chunks{0};
};

// State that all connections share; outlives them.
struct HttpShared {
  std::shared_ptr<boost::asio::io_context> io;
  HttpLimits limits;
  HttpServer::Handler handler;
  HttpCounters counters;
  std::unordered_map<HttpConnection*, std::shared_ptr<HttpConnection>> connections;  // the open ones
  std::array<char, 16'384> discarded;                                                // buffer for ignored bytes
};

class HttpConnection {
 public:
  virtual ~HttpConnection() = default;
  virtual void read_request() = 0;
  // Closes at once and removes itself from `connections`. Unread data is lost.
  virtual void destroy() = 0;
  // Since when the server waits for it; empty while the server works for it.
  virtual std::optional<std::chrono::steady_clock::time_point> evictable_since() const = 0;
};

std::shared_ptr<HttpConnection> make_http_connection(HttpShared& shared, boost::asio::ip::tcp::socket socket);

}  // namespace tallyman
