#include "agent/http/listen_address.h"

#include "collectors/kernel/system/text.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

namespace tallyman {
namespace {

constexpr int kBacklog = 1024;
// With the kernel's default sizes, each client that never reads would hold megabytes.
constexpr int kSendBufferBytes = 128 * 1024;
constexpr int kReceiveBufferBytes = 64 * 1024;

using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (value_ >= 0) close(value_);
  }
  int get() const { return value_; }
  int release() { return std::exchange(value_, -1); }

 private:
  int value_;
};

Error malformed(const std::string& text, const char* hint) {
  return {ErrorKind::kMalformed, 0, "listen address \"" + text + "\" (" + hint + ")"};
}

Error from_errno(int code, const std::string& address) {
  const char* hint = "";
  if (code == EADDRINUSE) hint = " (another program listens there)";
  if (code == EACCES) hint = " (a port below 1024 needs CAP_NET_BIND_SERVICE)";
  if (code == EADDRNOTAVAIL) hint = " (no interface of this host has this address)";
  if (code == EAFNOSUPPORT) hint = " (this host has no such address family; is IPv6 off?)";
  const bool denied = code == EACCES || code == EPERM;
  return {denied ? ErrorKind::kDenied : ErrorKind::kIo, code, address + hint};
}

Result<AddressList> resolve(const ListenAddress& wanted, const std::string& text) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const auto port = std::to_string(wanted.port);
  const int status = getaddrinfo(wanted.host.empty() ? nullptr : wanted.host.c_str(), port.c_str(), &hints, &found);
  if (status == 0) return AddressList(found, &freeaddrinfo);
  return Error{ErrorKind::kIo, 0, text + " (cannot resolve the host: " + gai_strerror(status) + ")"};
}

// For a name IPv4 comes first, as for most clients. Without a host IPv6 comes first, because it accepts both.
std::vector<const addrinfo*> in_order(const addrinfo* list, bool every_address) {
  std::vector<const addrinfo*> order;
  for (; list != nullptr; list = list->ai_next) order.push_back(list);
  const int first = every_address ? AF_INET6 : AF_INET;
  std::stable_partition(order.begin(), order.end(), [&](const addrinfo* entry) { return entry->ai_family == first; });
  return order;
}

// 0 or errno.
int bind_and_listen(int socket, const addrinfo& entry, bool every_address) {
  const int on = 1, v6_only = every_address ? 0 : 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (entry.ai_family == AF_INET6) setsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof v6_only);
  setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &kSendBufferBytes, sizeof kSendBufferBytes);
  setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &kReceiveBufferBytes, sizeof kReceiveBufferBytes);
  if (bind(socket, entry.ai_addr, entry.ai_addrlen) != 0) return errno;
  return listen(socket, kBacklog) == 0 ? 0 : errno;
}

Listener describe(int descriptor, bool is_v6) {
  Listener listener{descriptor, is_v6, 0, {}};
  sockaddr_storage bound{};
  socklen_t length = sizeof bound;
  auto* address = reinterpret_cast<sockaddr*>(&bound);
  getsockname(descriptor, address, &length);
  char host[NI_MAXHOST] = "", service[NI_MAXSERV] = "";
  getnameinfo(address, length, host, sizeof host, service, sizeof service, NI_NUMERICHOST | NI_NUMERICSERV);
  listener.port = to_number<std::uint16_t>(service).value_or(0);
  listener.address = (is_v6 ? "[" + std::string(host) + "]" : std::string(host)) + ":" + service;
  return listener;
}

}  // namespace

Result<ListenAddress> parse_listen_address(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return malformed(text, "write HOST:PORT, [IPV6]:PORT or :PORT");
  const auto port = to_number<std::uint16_t>(std::string_view(text).substr(colon + 1));
  if (!port) return malformed(text, "the port must be a number from 0 to 65535");
  ListenAddress parsed{text.substr(0, colon), *port};
  auto& host = parsed.host;
  if (host.find('\0') != std::string::npos) return malformed(text, "the host holds a NUL byte");
  if (host.starts_with('[') || host.ends_with(']')) {
    const bool closed = host.size() > 2 && host.starts_with('[') && host.ends_with(']');
    if (!closed) return malformed(text, "write an IPv6 address as [ADDRESS]:PORT");
    host = host.substr(1, host.size() - 2);
    if (host.find(':') == std::string::npos) return malformed(text, "only an IPv6 address may be in brackets");
  } else if (host.find(':') != std::string::npos) {
    return malformed(text, "write an IPv6 address in brackets: [ADDRESS]:PORT");
  }
  return parsed;
}

Result<Listener> open_listener(const std::string& address) {
  const auto wanted = parse_listen_address(address);
  if (!wanted) return wanted.error();
  const auto list = resolve(*wanted, address);
  if (!list) return list.error();

  const bool every_address = wanted->host.empty();
  int code = EADDRNOTAVAIL;
  for (const addrinfo* entry : in_order(list->get(), every_address)) {
    Descriptor socket(::socket(entry->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    code = socket.get() < 0 ? errno : bind_and_listen(socket.get(), *entry, every_address);
    if (code == 0) return describe(socket.release(), entry->ai_family == AF_INET6);
    // Another family may be free, but then the agent would listen on only half of the address.
    if (code == EADDRINUSE || code == EACCES) break;
  }
  return from_errno(code, address);
}

}  // namespace tallyman
