#include "tests/truth/truth.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <ctime>

namespace tallyman::truth {
namespace {

constexpr std::size_t kChunkBytes = kMebibyte;

// Aligned for O_DIRECT; never freed, the program is short.
unsigned char* chunk() {
  void* memory = nullptr;
  if (posix_memalign(&memory, 4096, kChunkBytes) != 0) {
    fail("no memory for a buffer");
  }
  auto* bytes = static_cast<unsigned char*>(memory);
  std::uint64_t state = 88172645463325252ULL;
  for (std::size_t i = 0; i < kChunkBytes; ++i) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    bytes[i] = static_cast<unsigned char>(state);
  }
  return bytes;
}

void write_all(int fd, const unsigned char* bytes, std::size_t size, std::string_view what) {
  while (size > 0) {
    ssize_t written = write(fd, bytes, size);
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      fail_errno(what);
    }
    bytes += written;
    size -= static_cast<std::size_t>(written);
  }
}

sockaddr_in address_of(const std::string& host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) {
    fail("not an IPv4 address: " + host);
  }
  return address;
}

int connect_within_10_seconds(const sockaddr_in& address) {
  for (int attempt = 0; attempt < 500; ++attempt) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
      fail_errno("socket");
    }
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
      return fd;
    }
    close(fd);
    timespec pause{0, 20'000'000};
    nanosleep(&pause, nullptr);
  }
  fail_errno("connect");
}

}  // namespace

void write_file(const std::string& path, std::uint64_t mebibytes, bool direct) {
  int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | (direct ? O_DIRECT : 0), 0644);
  if (fd < 0) {
    fail_errno(path);
  }
  const unsigned char* bytes = chunk();
  for (std::uint64_t i = 0; i < mebibytes; ++i) {
    write_all(fd, bytes, kChunkBytes, path);
  }
  if (fsync(fd) != 0 || close(fd) != 0) {
    fail_errno(path);
  }
  say("wrote " + std::to_string(mebibytes * kMebibyte));
}

void read_file(const std::string& path, bool direct) {
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | (direct ? O_DIRECT : 0));
  if (fd < 0) {
    fail_errno(path);
  }
  fsync(fd);
  posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  unsigned char* bytes = chunk();
  std::uint64_t total = 0;
  for (;;) {
    ssize_t got = read(fd, bytes, kChunkBytes);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      fail_errno(path);
    }
    if (got == 0) {
      break;
    }
    total += static_cast<std::uint64_t>(got);
  }
  close(fd);
  say("read " + std::to_string(total));
}

void send_bytes(const std::string& host, std::uint16_t port, std::uint64_t bytes) {
  int fd = connect_within_10_seconds(address_of(host, port));
  unsigned char* buffer = chunk();
  for (std::uint64_t left = bytes; left > 0;) {
    std::uint64_t size = std::min<std::uint64_t>(left, kChunkBytes);
    write_all(fd, buffer, size, "send");
    left -= size;
  }
  if (shutdown(fd, SHUT_WR) != 0) {
    fail_errno("shutdown");
  }
  while (read(fd, buffer, kChunkBytes) > 0) {  // until the receiver, which has all by then, closes
  }
  close(fd);
  say("sent " + std::to_string(bytes));
}

void receive_bytes(std::uint16_t port, std::uint64_t bytes) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = address_of("0.0.0.0", port);
  int on = 1;
  if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || listen(listener, 1) != 0) {
    fail_errno("listen");
  }
  say("listening " + std::to_string(port));
  int fd = accept(listener, nullptr, nullptr);
  if (fd < 0) {
    fail_errno("accept");
  }
  unsigned char* buffer = chunk();
  std::uint64_t total = 0;
  for (ssize_t got = 0; (got = read(fd, buffer, kChunkBytes)) > 0;) {
    total += static_cast<std::uint64_t>(got);
  }
  if (total != bytes) {
    fail("received " + std::to_string(total) + " bytes instead of " + std::to_string(bytes));
  }
  close(fd);
  close(listener);
  say("received " + std::to_string(bytes));
}

}  // namespace tallyman::truth
