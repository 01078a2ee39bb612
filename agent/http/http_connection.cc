#include "agent/http/http_connection.h"

#include "agent/http/event_stream.h"
#include "agent/http/http_message.h"
#include "agent/http/http_request.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace tallyman {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace net = boost::asio;
using boost::system::error_code;
using net::ip::tcp;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kStalled{1'000};     // after this time without progress a new connection may replace it
constexpr milliseconds kCloseGrace{1'000};  // for the peer to close too after it has received everything
constexpr milliseconds kClosePoll{50};
constexpr std::size_t kMaxDiscardBytes = 1 << 20;  // limit of bytes that a peer still sends while its connection closes

HttpResponse plain_text(int status, std::string sentence) {
  HttpResponse response;
  response.status = status;
  response.headers.emplace_back("Cache-Control", "no-store");
  response.body = std::make_shared<const std::string>(std::move(sentence) + "\n");
  return response;
}

class Connection final : public HttpConnection, public std::enable_shared_from_this<Connection> {
 public:
  Connection(HttpShared& shared, tcp::socket socket)
      : shared_(shared),
        socket_(std::move(socket)),
        deadline_(*shared.io),
        close_poll_(*shared.io),
        buffer_(shared.limits.header_bytes + 1024) {
    error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    // Stays set until the connection ends normally: an abortive close drops unread data.
    socket_.set_option(net::socket_base::linger(true, 0), ignored);
  }

  void read_request() override;
  void answer(std::uint64_t ticket, HttpResponse response);
  void destroy() override;
  std::optional<Clock::time_point> evictable_since() const override;

 private:
  enum class Phase { kReading, kHandling, kWriting, kStreaming, kClosing, kClosed };

  void arm(milliseconds time);
  void on_deadline();
  void on_read(error_code error);
  void on_request();
  void read_body(HttpRequest request);
  void watch_for_end();
  void stop_wanting();
  void handle(HttpRequest request);
  void refuse(RequestRefusal refusal);
  void send(HttpResponse response);
  void write();
  void on_written();
  void admit_stream(HttpResponse& response);
  void start_stream();
  void on_stream_woken();
  void send_next_chunk();
  void send_chunk(StreamChunk chunk);
  void write_chunk();
  void await_end_of_peer();
  void cut_stream();
  void release_stream();
  void close();
  void discard();
  void check_closed();

  HttpShared& shared_;
  tcp::socket socket_;
  net::steady_timer deadline_, close_poll_;
  beast::flat_buffer buffer_;
  std::optional<HttpParser> parser_;
  Phase phase_ = Phase::kReading;
  Clock::time_point since_ = Clock::now();  // start of the phase; while writing, time of the last progress
  std::uint64_t ticket_ = 0;
  std::shared_ptr<std::atomic<bool>> wanted_;  // of the request that is handled; else null
  bool watching_ = false;
  bool late_ = false, keep_alive_ = false, http_1_0_ = false, head_only_ = false, peer_ended_ = false;
  std::shared_ptr<EventStream> stream_;
  bool sending_chunk_ = false;
  std::string head_;
  std::shared_ptr<const std::string> body_;
  std::size_t sent_ = 0, discarded_ = 0;
};

// One for each request given to the handler. It may outlive connection and server.
class Ticket {
 public:
  Ticket(std::shared_ptr<net::io_context> io, std::weak_ptr<Connection> connection, std::uint64_t id)
      : io_(std::move(io)), connection_(std::move(connection)), id_(id) {}
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;
  ~Ticket() {
    try {
      answer(plain_text(500, "The request was dropped without an answer."));
    } catch (...) {  // out of memory: the deadline ends the connection
    }
  }
  void answer(HttpResponse response) {
    if (answered_.exchange(true)) return;
    net::post(*io_, [connection = connection_, id = id_, response = std::move(response)]() mutable {
      if (const auto alive = connection.lock()) alive->answer(id, std::move(response));
    });
  }

 private:
  std::shared_ptr<net::io_context> io_;
  std::weak_ptr<Connection> connection_;
  std::uint64_t id_;
  std::atomic<bool> answered_{false};
};

void Connection::arm(milliseconds time) {
  deadline_.expires_after(time);
  deadline_.async_wait([self = shared_from_this()](error_code error) {
    // A wait that ended just before the next arm() arrives here without an error.
    if (!error && self->deadline_.expiry() <= Clock::now()) self->on_deadline();
  });
}

void Connection::on_deadline() {
  const bool begun = phase_ == Phase::kReading && parser_->got_some();
  if (phase_ == Phase::kStreaming) return sending_chunk_ ? cut_stream() : send_chunk(stream_->keep_alive());
  const bool idle = phase_ == Phase::kReading && !begun && ticket_ > 0;
  if (phase_ != Phase::kClosed && phase_ != Phase::kClosing && !idle) ++shared_.counters.timeouts;
  if (begun) {
    late_ = true;
    error_code ignored;
    socket_.cancel(ignored);
  } else if (phase_ == Phase::kHandling) {
    keep_alive_ = false;
    arm(shared_.limits.response_time);
    send(plain_text(503, "The answer took too long."));
  } else if (phase_ != Phase::kClosed) {
    destroy();
  }
}

std::optional<Clock::time_point> Connection::evictable_since() const {
  if (phase_ == Phase::kReading) return since_;
  if (phase_ == Phase::kStreaming && !sending_chunk_) return {};
  if (phase_ != Phase::kHandling && Clock::now() - since_ >= kStalled) return since_;
  return {};
}

void Connection::read_request() {
  phase_ = Phase::kReading;
  since_ = Clock::now();
  late_ = false;
  if (buffer_.size() == 0) buffer_.shrink_to_fit();
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(shared_.limits.header_bytes));
  parser_->body_limit(boost::none);  // of a header: request_of() looks at it
  arm(shared_.limits.request_time);
  http::async_read_header(socket_, buffer_, *parser_, [self = shared_from_this()](error_code error, std::size_t) {
    if (self->phase_ != Phase::kClosed) self->on_read(error);
  });
}

void Connection::on_read(error_code error) {
  if (!error) return on_request();
  keep_alive_ = false;
  if (late_) return refuse({408, "The request did not arrive in time."});
  if (error == http::error::end_of_stream) {
    peer_ended_ = true;
    arm(shared_.limits.response_time);
    return close();
  }
  peer_ended_ = error == http::error::partial_message;
  if (auto refusal = refusal_of(error, shared_.limits)) return refuse(std::move(*refusal));
  destroy();
}

void Connection::on_request() {
  const RequestFraming framing = framing_of(*parser_);
  keep_alive_ = framing.keep_alive;
  http_1_0_ = framing.http_1_0;
  head_only_ = framing.head_only;
  auto request = request_of(*parser_, shared_.limits.body_bytes);
  if (!request) return refuse(std::move(request).error());
  if (has_body(*parser_)) return read_body(std::move(*request));
  handle(std::move(*request));
}

// Within the time for the whole request.
void Connection::read_body(HttpRequest request) {
  parser_->body_limit(shared_.limits.body_bytes);
  http::async_read(socket_, buffer_, *parser_,
                   [self = shared_from_this(), request = std::move(request)](error_code error, std::size_t) mutable {
                     if (self->phase_ == Phase::kClosed) return;
                     if (error) return self->on_read(error);
                     request.body = std::move(self->parser_->get().body());
                     self->handle(std::move(request));
                   });
}

void Connection::handle(HttpRequest request) {
  parser_.reset();
  ++shared_.counters.requests;
  phase_ = Phase::kHandling;
  since_ = Clock::now();
  arm(shared_.limits.response_time);
  wanted_ = std::make_shared<std::atomic<bool>>(true);
  request.wanted = wanted_;
  watch_for_end();
  const auto ticket = std::make_shared<Ticket>(shared_.io, weak_from_this(), ++ticket_);
  try {
    shared_.handler(std::move(request), [ticket](HttpResponse response) { ticket->answer(std::move(response)); });
  } catch (...) {
    ticket->answer(plain_text(500, "The request could not be answered."));
  }
}

// While the handler works. A client that goes away sends its end and no more. One that only
// will not ask again does the same, so it still gets an answer that is there.
void Connection::watch_for_end() {
  if (std::exchange(watching_, true)) return;
  socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](error_code error) {
    self->watching_ = false;
    if (error || self->phase_ != Phase::kHandling) return;
    char byte = 0;
    const ssize_t size = recv(self->socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (size > 0) return;  // the next request
    const bool read_already = size < 0 && (errno == EAGAIN || errno == EINTR);
    read_already ? self->watch_for_end() : self->stop_wanting();
  });
}

void Connection::stop_wanting() {
  if (const auto wanted = std::exchange(wanted_, nullptr)) *wanted = false;
}

void Connection::answer(std::uint64_t ticket, HttpResponse response) {
  if (phase_ == Phase::kHandling && ticket == ticket_) send(std::move(response));
}

void Connection::refuse(RequestRefusal refusal) {
  ++shared_.counters.bad_requests;
  keep_alive_ = keep_alive_ && refusal.may_stay;
  parser_.reset();
  arm(shared_.limits.response_time);
  auto response = plain_text(refusal.status, std::move(refusal.sentence));
  if (refusal.status == 405) response.headers.emplace_back("Allow", "GET, HEAD");
  send(std::move(response));
}

void Connection::send(HttpResponse response) {
  stop_wanting();  // any other answer comes too late
  if (response.stream) admit_stream(response);
  const auto reason = http::obsolete_reason(http::int_to_status(static_cast<unsigned>(response.status)));
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  head_ = response_head(response, {{reason.data(), reason.size()}, keep_alive_, http_1_0_, now});
  body_ = head_only_ || !has_content(response.status) ? nullptr : std::move(response.body);
  sent_ = 0;
  phase_ = Phase::kWriting;
  since_ = Clock::now();
  write();
}

void Connection::write() {
  const std::size_t head_sent = std::min(sent_, head_.size());
  std::array<net::const_buffer, 2> rest{net::buffer(head_) + head_sent, net::const_buffer{}};
  if (body_) rest[1] = net::buffer(*body_) + (sent_ - head_sent);
  socket_.async_write_some(rest, [self = shared_from_this()](error_code error, std::size_t bytes) {
    if (self->phase_ != Phase::kWriting) return;
    if (error) return self->destroy();
    self->sent_ += bytes;
    self->since_ = Clock::now();
    self->on_written();
  });
}

void Connection::on_written() {
  if (sent_ < head_.size() + (body_ ? body_->size() : 0)) return write();
  body_.reset();
  if (stream_) return start_stream();
  keep_alive_ ? read_request() : close();
}

// Answers differently if no stream is allowed.
void Connection::admit_stream(HttpResponse& response) {
  keep_alive_ = false;  // a stream has no length: it ends with the connection
  if (shared_.counters.streams >= shared_.limits.streams) {
    ++shared_.counters.rejected_streams;
    response.stream->detach();
    response = plain_text(503, "Too many streams are open (--web.max-streams).");
    response.headers.emplace_back("Retry-After", "10");
    return;
  }
  if (head_only_) return response.stream->detach();
  stream_ = response.stream;
  ++shared_.counters.streams;
}

void Connection::start_stream() {
  phase_ = Phase::kStreaming;
  // Posted, because the producer must not run code of this thread.
  stream_->attach([io = std::weak_ptr(shared_.io), weak = weak_from_this()] {
    const auto context = io.lock();
    if (!context) return;
    net::post(*context, [weak] {
      if (const auto alive = weak.lock()) alive->on_stream_woken();
    });
  });
  await_end_of_peer();
  send_next_chunk();
}

void Connection::on_stream_woken() {
  if (phase_ != Phase::kStreaming) return;
  if (!sending_chunk_) return send_next_chunk();
  if (stream_->cut()) cut_stream();
}

void Connection::send_next_chunk() {
  StreamChunk chunk;
  const auto state = stream_->next(chunk);
  shared_.counters.skipped_chunks += stream_->take_skipped();
  switch (state) {
    case EventStream::State::kChunk:
      return send_chunk(std::move(chunk));
    case EventStream::State::kWaiting:
      return arm(shared_.limits.keep_alive);
    case EventStream::State::kEnded:
      release_stream();
      arm(shared_.limits.response_time);
      return close();
    case EventStream::State::kCut:
      return cut_stream();
  }
}

void Connection::send_chunk(StreamChunk chunk) {
  sending_chunk_ = true;
  body_ = std::move(chunk);
  sent_ = 0;
  since_ = Clock::now();
  write_chunk();
}

void Connection::write_chunk() {
  arm(shared_.limits.response_time);
  socket_.async_write_some(net::buffer(*body_) + sent_,
                           [self = shared_from_this()](error_code error, std::size_t bytes) {
                             if (self->phase_ != Phase::kStreaming) return;
                             if (error) return self->destroy();
                             self->sent_ += bytes;
                             self->since_ = Clock::now();
                             if (self->sent_ < self->body_->size()) return self->write_chunk();
                             self->body_.reset();
                             self->sending_chunk_ = false;
                             self->send_next_chunk();
                           });
}

// Reads only to notice that the client has gone; its data is discarded.
void Connection::await_end_of_peer() {
  socket_.async_read_some(net::buffer(shared_.discarded), [self = shared_from_this()](error_code error, std::size_t n) {
    if (self->phase_ != Phase::kStreaming) return;
    self->discarded_ += n;
    if (error || self->discarded_ > kMaxDiscardBytes) return self->destroy();
    self->await_end_of_peer();
  });
}

void Connection::cut_stream() {
  ++shared_.counters.cut_streams;
  destroy();
}

void Connection::release_stream() {
  const auto stream = std::exchange(stream_, nullptr);
  if (!stream) return;
  shared_.counters.skipped_chunks += stream->take_skipped();
  stream->detach();
  --shared_.counters.streams;
}

// Closing a socket with unread bytes resets it, and the peer may lose the response.
// So read for a while before closing. The deadline still applies.
void Connection::close() {
  phase_ = Phase::kClosing;
  since_ = Clock::now();
  error_code error;
  socket_.shutdown(tcp::socket::shutdown_send, error);
  if (error) return destroy();
  if (!peer_ended_) discard();
  check_closed();
}

void Connection::discard() {
  socket_.async_read_some(net::buffer(shared_.discarded), [self = shared_from_this()](error_code error, std::size_t n) {
    if (self->phase_ != Phase::kClosing) return;
    self->discarded_ += n;
    if (error && error != net::error::eof) return self->destroy();
    if (self->discarded_ > kMaxDiscardBytes) return self->destroy();
    self->peer_ended_ = error == net::error::eof;
    self->peer_ended_ ? self->check_closed() : self->discard();
  });
}

void Connection::check_closed() {
  int unacknowledged = 0;
  ioctl(socket_.native_handle(), SIOCOUTQ, &unacknowledged);
  if (unacknowledged == 0 && (peer_ended_ || Clock::now() - since_ >= kCloseGrace)) {
    error_code ignored;
    socket_.set_option(net::socket_base::linger(false, 0), ignored);
    return destroy();
  }
  close_poll_.expires_after(kClosePoll);
  close_poll_.async_wait([self = shared_from_this()](error_code error) {
    if (!error && self->phase_ == Phase::kClosing) self->check_closed();
  });
}

void Connection::destroy() {
  if (std::exchange(phase_, Phase::kClosed) == Phase::kClosed) return;
  const auto self = shared_from_this();
  error_code ignored;
  socket_.close(ignored);
  deadline_.cancel();
  close_poll_.cancel();
  stop_wanting();
  body_.reset();
  release_stream();
  shared_.connections.erase(this);
  shared_.counters.connections = shared_.connections.size();
}

}  // namespace

std::shared_ptr<HttpConnection> make_http_connection(HttpShared& shared, tcp::socket socket) {
  return std::make_shared<Connection>(shared, std::move(socket));
}

}  // namespace tallyman
