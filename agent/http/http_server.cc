#include "agent/http/http_server.h"

#include "agent/http/http_connection.h"
#include "agent/http/listen_address.h"
#include "collectors/kernel/system/thread.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <unistd.h>

namespace tallyman {
namespace {

namespace net = boost::asio;
using boost::system::error_code;
using net::ip::tcp;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kAcceptBackoff{100};

}  // namespace

class HttpServer::Impl {
 public:
  Impl(std::shared_ptr<net::io_context> io, HttpLimits limits, Handler handler)
      : shared_{std::move(io), limits, std::move(handler), {}, {}, {}}, acceptor_(*shared_.io), backoff_(*shared_.io) {}

  void accept();
  void run();
  void end();

  HttpShared shared_;
  tcp::acceptor acceptor_;
  net::steady_timer backoff_;
  std::string address_;
  std::uint16_t port_ = 0;
  Thread thread_{"http"};

 private:
  void admit(tcp::socket socket);
  bool make_room();
};

void HttpServer::Impl::accept() {
  acceptor_.async_accept([this](error_code error, tcp::socket socket) {
    if (!acceptor_.is_open()) return;
    if (!error || error == net::error::connection_aborted) {
      accept();
      if (!error) admit(std::move(socket));
      return;
    }
    // Usually no descriptor is left. The waiting connection would wake this thread again at once.
    backoff_.expires_after(kAcceptBackoff);
    backoff_.async_wait([this](error_code cancelled) {
      if (!cancelled && acceptor_.is_open()) accept();
    });
  });
}

void HttpServer::Impl::admit(tcp::socket socket) {
  if (!make_room()) {
    error_code ignored;
    socket.set_option(net::socket_base::linger(true, 0), ignored);
    return;
  }
  const auto connection = make_http_connection(shared_, std::move(socket));
  shared_.connections.emplace(connection.get(), connection);
  shared_.counters.connections = shared_.connections.size();
  connection->read_request();
}

bool HttpServer::Impl::make_room() {
  if (shared_.connections.size() < shared_.limits.connections) return true;
  ++shared_.counters.rejected;
  HttpConnection* oldest = nullptr;
  auto oldest_since = Clock::time_point::max();
  for (const auto& [key, connection] : shared_.connections) {
    const auto since = connection->evictable_since();
    if (!since || *since >= oldest_since) continue;
    oldest = key;
    oldest_since = *since;
  }
  if (oldest != nullptr) oldest->destroy();
  return oldest != nullptr;
}

void HttpServer::Impl::run() {
  while (true) {
    try {
      shared_.io->run();
      return;
    } catch (...) {  // out of memory in one connection: its deadline ends it
    }
  }
}

void HttpServer::Impl::end() {
  error_code ignored;
  acceptor_.close(ignored);
  backoff_.cancel();
  const auto connections = shared_.connections;
  for (const auto& [key, connection] : connections) connection->destroy();
}

Result<std::unique_ptr<HttpServer>> HttpServer::listen(const std::string& address, HttpLimits limits, Handler handler) {
  std::unique_ptr<Impl> impl;
  try {
    impl = std::make_unique<Impl>(std::make_shared<net::io_context>(1), limits, std::move(handler));
  } catch (const boost::system::system_error& error) {  // no descriptor for epoll
    return Error{ErrorKind::kIo, error.code().value(), address};
  }
  const auto listener = open_listener(address);
  if (!listener) return listener.error();
  error_code failed;
  impl->acceptor_.assign(listener->is_v6 ? tcp::v6() : tcp::v4(), listener->descriptor, failed);
  if (failed) {
    close(listener->descriptor);
    return Error{ErrorKind::kIo, failed.value(), address};
  }
  impl->address_ = listener->address;
  impl->port_ = listener->port;
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() { stop(); }

void HttpServer::start() {
  if (impl_->thread_.started() || !impl_->acceptor_.is_open()) return;
  impl_->accept();
  impl_->thread_.start([impl = impl_.get()] { impl->run(); });
}

void HttpServer::stop() {
  if (!impl_->thread_.started()) return impl_->end();
  net::post(*impl_->shared_.io, [impl = impl_.get()] { impl->end(); });
  impl_->thread_.stop();
}

std::uint16_t HttpServer::port() const { return impl_->port_; }
std::string HttpServer::address() const { return impl_->address_; }

HttpStatistics HttpServer::statistics() const {
  const auto& counters = impl_->shared_.counters;
  return {counters.requests,         counters.rejected,    counters.bad_requests,
          counters.timeouts,         counters.connections, counters.streams,
          counters.rejected_streams, counters.cut_streams, counters.skipped_chunks};
}

}  // namespace tallyman
