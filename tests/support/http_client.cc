#include "tests/support/http_client.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace tallyman::test {
namespace {

using Clock = std::chrono::steady_clock;

bool wait_for(int descriptor, short events, Clock::time_point until) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
  pollfd entry{descriptor, events, 0};
  return poll(&entry, 1, static_cast<int>(std::max<std::int64_t>(left, 0))) > 0;
}

HttpReply parse_head(std::string_view head) {
  HttpReply reply;
  for (bool first = true; !head.empty(); first = false) {
    const auto end = head.find("\r\n");
    const auto line = head.substr(0, end);
    head.remove_prefix(std::min(line.size() + 2, head.size()));
    if (first) {
      reply.status_line = line;
      reply.status = line.size() > 12 ? std::atoi(std::string(line.substr(9, 3)).c_str()) : 0;
      continue;
    }
    const auto colon = line.find(": ");
    if (colon == std::string_view::npos) continue;
    std::string name(line.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    reply.headers[name] = line.substr(colon + 2);
  }
  return reply;
}

}  // namespace

std::string HttpReply::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

HttpClient::HttpClient(std::uint16_t port, int receive_buffer_bytes) {
  descriptor_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor_ < 0) return;
  if (receive_buffer_bytes > 0) {
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) close();
}

HttpClient::HttpClient(HttpClient&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), received_(std::move(other.received_)) {}

HttpClient::~HttpClient() { close(); }

void HttpClient::close() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

void HttpClient::abort() {
  const linger at_once{1, 0};
  setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

void HttpClient::end_sending() { shutdown(descriptor_, SHUT_WR); }

bool HttpClient::send(std::string_view bytes, std::chrono::milliseconds time) {
  const auto until = Clock::now() + time;
  while (!bytes.empty()) {
    const auto sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN) return false;
    if (sent < 0 && !wait_for(descriptor_, POLLOUT, until)) return false;
    if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool HttpClient::get(std::string_view target, std::string_view more_headers) {
  return send("GET " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n" + std::string(more_headers) + "\r\n");
}

bool HttpClient::read_more(Clock::time_point until) {
  std::array<char, 64 * 1024> chunk;
  if (descriptor_ < 0 || !wait_for(descriptor_, POLLIN, until)) return false;
  const auto got = recv(descriptor_, chunk.data(), chunk.size(), 0);
  if (got <= 0) return false;
  received_.append(chunk.data(), static_cast<std::size_t>(got));
  return true;
}

std::optional<HttpReply> HttpClient::receive(bool head, std::chrono::milliseconds time) {
  const auto until = Clock::now() + time;
  std::size_t end;
  while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
    if (!read_more(until)) return {};
  }
  auto reply = parse_head(std::string_view(received_).substr(0, end));
  received_.erase(0, end + 4);
  const auto length = head ? 0 : std::strtoull(reply.header("content-length").c_str(), nullptr, 10);
  while (received_.size() < length) {
    if (!read_more(until)) return {};
  }
  reply.body = received_.substr(0, length);
  received_.erase(0, length);
  return reply;
}

std::optional<HttpReply> HttpClient::receive_head(std::chrono::milliseconds time) { return receive(true, time); }

std::optional<std::string> HttpClient::receive_event(std::chrono::milliseconds time) {
  const auto until = Clock::now() + time;
  std::size_t end;
  while ((end = received_.find("\n\n")) == std::string::npos) {
    if (!read_more(until)) return {};
  }
  std::string event = received_.substr(0, end + 2);
  received_.erase(0, end + 2);
  return event;
}

std::size_t HttpClient::skip(std::size_t bytes, std::chrono::milliseconds time) {
  std::string chunk(bytes, '\0');
  if (!wait_for(descriptor_, POLLIN, Clock::now() + time)) return 0;
  return static_cast<std::size_t>(std::max<ssize_t>(recv(descriptor_, chunk.data(), bytes, 0), 0));
}

bool HttpClient::closed_by_peer(std::chrono::milliseconds time) {
  const auto until = Clock::now() + time;
  if (!received_.empty() || !wait_for(descriptor_, POLLIN, until)) return false;
  char byte;
  const auto got = recv(descriptor_, &byte, 1, 0);
  return got == 0 || (got < 0 && errno == ECONNRESET);
}

std::optional<HttpReply> http_get(std::uint16_t port, std::string_view target, std::string_view more_headers) {
  HttpClient client(port);
  if (!client.connected() || !client.get(target, more_headers)) return {};
  return client.receive();
}

}  // namespace tallyman::test
