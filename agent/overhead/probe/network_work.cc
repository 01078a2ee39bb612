#include "agent/overhead/probe/network_work.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <vector>

namespace tallyman::probe {
namespace {

constexpr std::size_t kBlock = std::size_t{64} * 1024;
constexpr int kTimeoutSeconds = 10;

// The server's address: the one in the order, or that of a server that this object runs
// in the process's own network.
class Peer {
 public:
  explicit Peer(const Order& order) : port_(static_cast<unsigned>(order.number("port", 0))) {
    address_ = order.text("address");
    if (!address_.empty()) return;
    address_ = "127.0.0.1";
    own_ = start_server(true, 0);
    port_ = own_.port;
    error_ = own_.error;
  }
  ~Peer() { stop_server(own_); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  // A connected socket after sending `kind`, or a negative number with errno.
  int connect_and_send(char kind) const {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return fd;
    const timeval timeout{kTimeoutSeconds, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(port_));
    inet_pton(AF_INET, address_.c_str(), &to.sin_addr);
    if (connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0 && send(fd, &kind, 1, MSG_NOSIGNAL) == 1) {
      return fd;
    }
    close(fd);
    return -1;
  }

  int partner() const { return own_.pid; }
  const std::string& error() const { return error_; }
  std::string name() const { return address_ + ":" + std::to_string(port_); }

 private:
  std::string address_, error_;
  unsigned port_;
  Server own_;
};

void serve_one(int fd, std::vector<char>& buffer) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  char kind = 0;
  if (recv(fd, &kind, 1, 0) != 1) return;
  if (kind == 'c') {
    send(fd, &kind, 1, MSG_NOSIGNAL);
    recv(fd, &kind, 1, 0);  // waits until the client closes, so that TIME-WAIT stays with the client
    return;
  }
  for (;;) {
    const ssize_t got = recv(fd, buffer.data(), buffer.size(), 0);
    if (got < 0) return;
    if (got == 0) break;
    if (kind == 'e' && send(fd, buffer.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL) != got) return;
  }
  send(fd, &kind, 1, MSG_NOSIGNAL);  // everything has arrived
}

}  // namespace

void raise_loopback() {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  if (fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP) == 0) {
    request.ifr_flags |= IFF_UP;
    ioctl(fd, SIOCSIFFLAGS, &request);
  }
  close(fd);
}

Server start_server(bool loopback_only, unsigned port) {
  Server server;
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(static_cast<std::uint16_t>(port));
  at.sin_addr.s_addr = htonl(loopback_only ? INADDR_LOOPBACK : INADDR_ANY);
  socklen_t size = sizeof at;
  if (bind(listener, reinterpret_cast<sockaddr*>(&at), size) != 0 || listen(listener, 128) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size) != 0) {
    server.error = failed("no TCP server").error;
    close(listener);
    return server;
  }
  server.port = ntohs(at.sin_port);
  server.pid = fork_bound();
  if (server.pid == 0) {
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    std::vector<char> buffer(4 * kBlock);
    for (;;) {
      const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      serve_one(fd, buffer);
      close(fd);
    }
  }
  if (server.pid < 0) server.error = failed("fork").error;
  close(listener);
  return server;
}

void stop_server(Server& server) {
  if (server.pid > 0) {
    kill(server.pid, SIGKILL);
    waitpid(server.pid, nullptr, 0);
  }
  server = {};
}

// Sends blocks of 64 KiB. The time ends when the other side has received all of them.
Outcome tcp_throughput(const Order& order) {
  const Peer peer(order);
  if (!peer.error().empty()) return failed_with(peer.error());
  const int fd = peer.connect_and_send('s');
  if (fd < 0) return failed(peer.name());
  const std::vector<char> block(kBlock, 'x');
  const auto push = [&](std::uint64_t until, std::uint64_t& blocks) {
    for (; now_ns() < until; ++blocks) {
      for (std::size_t sent = 0; sent < kBlock;) {
        const ssize_t more = send(fd, block.data() + sent, kBlock - sent, MSG_NOSIGNAL);
        if (more <= 0) return false;
        sent += static_cast<std::size_t>(more);
      }
    }
    return true;
  };
  Outcome outcome;
  std::uint64_t warmed = 0;
  bool good = push(now_ns() + order.number("warm", 0), warmed);
  const Meter meter(peer.partner());
  good = good && push(meter.began_ns() + order.number("duration", 100'000'000), outcome.operations);
  char last = 0;
  good = good && shutdown(fd, SHUT_WR) == 0 && recv(fd, &last, 1, 0) == 1;
  meter.read_into(outcome);
  if (!good) outcome = failed(peer.name());
  close(fd);
  return outcome;
}

// Sends a byte to the server and back.
Outcome tcp_latency(const Order& order) {
  constexpr int kBatch = 10;
  const Peer peer(order);
  if (!peer.error().empty()) return failed_with(peer.error());
  const int fd = peer.connect_and_send('e');
  if (fd < 0) return failed(peer.name());
  Outcome outcome = measure(
      order,
      [&] {
        char byte = 'x';
        for (int i = 0; i < kBatch; ++i) {
          if (send(fd, &byte, 1, MSG_NOSIGNAL) != 1 || recv(fd, &byte, 1, 0) != 1) return -1;
        }
        return kBatch;
      },
      peer.partner());
  close(fd);
  return outcome;
}

// From a connect by address, without a name lookup, to the first byte of the answer.
Outcome tcp_connect(const Order& order) {
  const Peer peer(order);
  if (!peer.error().empty()) return failed_with(peer.error());
  return measure(
      order,
      [&] {
        const int fd = peer.connect_and_send('c');
        if (fd < 0) return -1;
        char byte = 0;
        const bool good = recv(fd, &byte, 1, 0) == 1;
        const linger at_once{1, 0};  // no TIME_WAIT: the ports would run out
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close(fd);
        return good ? 1 : -1;
      },
      peer.partner());
}

}  // namespace tallyman::probe
