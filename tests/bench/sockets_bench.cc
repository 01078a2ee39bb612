// What the sockets of a container cost, against the text that cAdvisor reads.
#include "collectors/kernel/network/socket_source.h"
#include "tests/bench/bench_measure.h"
#include "tests/support/network_thread.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <vector>

namespace tallyman::bench {
namespace {

constexpr std::size_t kNamespaces = 50;

// A namespace with a listener and one connection.
struct Container {
  NetworkThread thread;
  FileDescriptor listener, active, passive;
  SocketSource::Memory memory;

  Container() {
    thread.run([this] {
      listener = FileDescriptor(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      active = FileDescriptor(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      socklen_t size = sizeof address;
      auto* any = reinterpret_cast<sockaddr*>(&address);
      if (bind(listener.get(), any, size) != 0 || listen(listener.get(), 8) != 0 ||
          getsockname(listener.get(), any, &size) != 0 || connect(active.get(), any, size) != 0) {
        throw std::runtime_error("sockets in a namespace of the benchmark");
      }
      passive = FileDescriptor(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    });
  }
};

void read_all(SocketSource& source, std::vector<std::unique_ptr<Container>>& containers, bool forget) {
  for (const auto& one : containers) {
    if (forget) {
      one->memory = {};
    }
    ReadReport report;
    if (!source.read(one->thread.place(), false, one->memory, report) || report.faults() != 0) {
      throw std::runtime_error("sockets: " + report.first_fault);
    }
  }
}

void read_texts(const std::vector<std::unique_ptr<Container>>& containers) {
  ReadBuffer buffer;
  for (const auto& one : containers) {
    for (const char* file : {"/net/tcp", "/net/tcp6"}) {
      if (!read_file(one->thread.place().process + file, buffer)) {
        throw std::runtime_error(file);
      }
    }
  }
}

int run(int rounds) {
  std::vector<std::unique_ptr<Container>> containers;
  for (std::size_t i = 0; i < kNamespaces; ++i) {
    containers.push_back(std::make_unique<Container>());
  }
  SocketSource files(HostRoot{}, {false, false});
  SocketSource states(HostRoot{}, {true, false});
  read_all(states, containers, true);
  const auto each =
      interleaved(rounds, {[&] { read_all(files, containers, false); }, [&] { read_all(states, containers, false); },
                           [&] { read_all(states, containers, true); }, [&] { read_texts(containers); }});
  const auto micros = [&](std::size_t which) { return median(each[which]) * 1e6 / kNamespaces; };
  print_row("sockets of a container, one reading every 10 s", Bound::kNone, 0, micros(0), " µs",
            "sockstat, sockstat6, snmp, each opened");
  print_row("the same with states by sock_diag, nothing having moved", Bound::kNone, 0, micros(1), " µs",
            "no dump is asked for");
  const bool reached =
      print_row("the same where something has moved, against /proc/PID/net/tcp and tcp6", Bound::kAtMost, 1.0,
                ratio(each[2], each[3]), "x", number(micros(2), 0) + " µs against " + number(micros(3), 0) + " µs");
  return reached ? 0 : 3;
}

}  // namespace
}  // namespace tallyman::bench

// sockets_bench [ROUNDS]
int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::clamp(std::atoi(argv[1]), 1, 10'000) : 21;
  try {
    return tallyman::bench::run(rounds);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
