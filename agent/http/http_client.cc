#include "agent/http/http_client.h"

#include "collectors/kernel/system/file_descriptor.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <boost/beast/http.hpp>

#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <string_view>

namespace tallyman {
namespace {

namespace http = boost::beast::http;
using std::chrono::steady_clock;

constexpr std::uint64_t kMaxBody = std::uint64_t{256} << 20;

// True once the socket is ready for `events`; false with errno at the deadline.
bool wait_for(int socket, short events, steady_clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now()).count();
    pollfd one{socket, events, 0};
    const int ready = left > 0 ? poll(&one, 1, static_cast<int>(left)) : 0;
    if (ready > 0) return true;
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) errno = ETIMEDOUT;
    return false;
  }
}

// 0 or errno.
int connect_within(int socket, const addrinfo& entry, steady_clock::time_point deadline) {
  if (connect(socket, entry.ai_addr, entry.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS || !wait_for(socket, POLLOUT, deadline)) return errno;
  int code = 0;
  socklen_t size = sizeof code;
  return getsockopt(socket, SOL_SOCKET, SO_ERROR, &code, &size) == 0 ? code : errno;
}

bool send_all(int socket, std::string_view text, steady_clock::time_point deadline) {
  while (!text.empty()) {
    const ssize_t sent = send(socket, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      text.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno != EINTR && (errno != EAGAIN || !wait_for(socket, POLLOUT, deadline))) {
      return false;
    }
  }
  return true;
}

// Bytes read; 0 at the end; negative with errno.
ssize_t read_some(int socket, std::array<char, 65'536>& buffer, steady_clock::time_point deadline) {
  for (;;) {
    const ssize_t got = recv(socket, buffer.data(), buffer.size(), 0);
    if (got >= 0) return got;
    if (errno != EINTR && (errno != EAGAIN || !wait_for(socket, POLLIN, deadline))) return -1;
  }
}

Error from_errno(const std::string& where) { return {ErrorKind::kIo, errno, where}; }

Result<HttpAnswer> read_answer(int socket, steady_clock::time_point deadline, const std::string& where) {
  http::response_parser<http::string_body> parser;
  parser.eager(true);
  parser.body_limit(kMaxBody);
  std::array<char, 65'536> buffer;
  std::string pending;  // what the parser has not taken: a part of a line
  while (!parser.is_done()) {
    const ssize_t got = read_some(socket, buffer, deadline);
    if (got < 0) return from_errno(where);
    boost::system::error_code error;
    if (got == 0) {
      if (parser.got_some()) parser.put_eof(error);  // which would make a whole answer of nothing
      if (!error && parser.is_done()) break;
      return Error{ErrorKind::kMalformed, 0, where + ": the answer ends too early"};
    }
    pending.append(buffer.data(), static_cast<std::size_t>(got));
    const std::size_t taken = parser.put(boost::asio::buffer(pending), error);
    if (error && error != http::error::need_more) return Error{ErrorKind::kMalformed, 0, where + ": is no HTTP"};
    pending.erase(0, taken);
  }
  return HttpAnswer{parser.get().result_int(), std::move(parser.get().body())};
}

}  // namespace

ListenAddress address_to_ask(const ListenAddress& address) {
  if (address.host.empty() || address.host == "0.0.0.0") return {"127.0.0.1", address.port};
  if (address.host == "::") return {"::1", address.port};
  return address;
}

std::string to_string(const ListenAddress& address) {
  const bool is_v6 = address.host.find(':') != std::string::npos;
  return (is_v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

Result<HttpAnswer> http_get(const ListenAddress& address, const std::string& path, std::chrono::milliseconds timeout) {
  const auto deadline = steady_clock::now() + timeout;
  const std::string where = to_string(address);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int status = getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (status != 0) return Error{ErrorKind::kIo, 0, where + " (cannot resolve the host: " + gai_strerror(status) + ")"};
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> list(found, &freeaddrinfo);
  std::optional<FileDescriptor> socket;
  int code = EADDRNOTAVAIL;
  for (const addrinfo* entry = found; entry != nullptr && code != 0; entry = entry->ai_next) {
    socket.emplace(::socket(entry->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    code = socket->valid() ? connect_within(socket->get(), *entry, deadline) : errno;
  }
  if (code != 0) return Error{ErrorKind::kIo, code, where};
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: " + where +
                              "\r\nAccept: application/json\r\nUser-Agent: tallyman-ls\r\nConnection: close\r\n\r\n";
  if (!send_all(socket->get(), request, deadline)) return from_errno(where);
  return read_answer(socket->get(), deadline, where);
}

}  // namespace tallyman
