#include "tests/bench/loads.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <thread>

namespace tallyman::bench {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kPage = 4096;

void compute_for(microseconds time) {
  const auto end = steady_clock::now() + time;
  volatile unsigned sink = 0;
  while (steady_clock::now() < end) {
    for (unsigned i = 0; i < 1'000; ++i) sink = sink + i;
  }
}

// Datagrams over lo, to itself.
class Traffic {
 public:
  Traffic() {
    ifreq request{};
    std::strncpy(request.ifr_name, "lo", IFNAMSIZ - 1);
    request.ifr_flags = IFF_UP;
    ioctl(socket_, SIOCSIFFLAGS, &request);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const bool ready = bind(socket_, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                       getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
                       connect(socket_, reinterpret_cast<sockaddr*>(&address), size) == 0;
    if (!ready) std::fputs("no traffic over lo in this namespace\n", stderr);
  }
  void exchange(std::size_t bytes) {
    std::array<char, 9'000> data{};
    if (send(socket_, data.data(), std::min(bytes, data.size()), MSG_DONTWAIT) > 0) {
      [[maybe_unused]] const ssize_t got = recv(socket_, data.data(), data.size(), MSG_DONTWAIT);
    }
  }

 private:
  int socket_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
};

// Touches and gives back pages: a walk options `pages`.
class Memory {
 public:
  void walk(std::mt19937& random, std::size_t pages) {
    const std::size_t wanted = pages / 2 + random() % pages;
    if (bytes_ != nullptr) munmap(bytes_, mapped_);
    mapped_ = wanted * kPage;
    void* const got = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bytes_ = got == MAP_FAILED ? nullptr : static_cast<char*>(got);
    for (std::size_t at = 0; bytes_ != nullptr && at < mapped_; at += kPage) bytes_[at] = 1;
  }

 private:
  char* bytes_ = nullptr;
  std::size_t mapped_ = 0;
};

[[noreturn]] void sleep_for_ever() {
  for (;;) pause();
}

[[noreturn]] void serve(std::mt19937& random) {
  Traffic traffic;
  Memory memory;
  for (;;) {
    std::this_thread::sleep_for(milliseconds(20 + random() % 300));
    compute_for(microseconds(200 + random() % 4'000));
    for (unsigned i = random() % 8; i > 0; --i) traffic.exchange(100 + random() % 4'000);
    if (random() % 16 == 0) memory.walk(random, 300);
  }
}

[[noreturn]] void toil(std::mt19937& random, std::size_t index) {
  Traffic traffic;
  Memory memory;
  std::FILE* const file = std::tmpfile();
  const std::string text(64 * 1024, 'x');
  for (;;) {
    compute_for(microseconds(3'000 + random() % 20'000));
    traffic.exchange(100 + random() % 8'000);
    if (random() % 8 == 0) memory.walk(random, 2'000);
    if (file != nullptr && index % 2 == 0 && random() % 8 == 0) {
      std::rewind(file);
      std::fwrite(text.data(), 1, text.size(), file);
      std::fflush(file);
      fdatasync(fileno(file));
    }
    std::this_thread::sleep_for(milliseconds(random() % 20));
  }
}

}  // namespace

Load load_of(std::size_t index) {
  const std::size_t of_twenty = index % 20;
  return of_twenty < 12 ? Load::kIdle : of_twenty < 17 ? Load::kService : Load::kBusy;
}

const char* name_of(Load load) {
  constexpr const char* kNames[] = {"idle", "service", "busy"};
  return kNames[static_cast<std::size_t>(load)];
}

void run_load(std::size_t index) {
  std::this_thread::sleep_for(std::chrono::seconds(1));  // until it has been put into its cgroup
  std::mt19937 random(static_cast<unsigned>(index));
  switch (load_of(index)) {
    case Load::kService:
      serve(random);
    case Load::kBusy:
      toil(random, index);
    case Load::kIdle:
      break;
  }
  sleep_for_ever();
}

}  // namespace tallyman::bench
