#include "collectors/kernel/network/socket_source.h"

#include "tests/support/host_builder.h"
#include "tests/support/network_thread.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <thread>

namespace tallyman {
namespace {

constexpr SocketNeeds kStates{true, false};

// Sockets over the loopback of the calling thread's namespace.
class Sockets {
 public:
  explicit Sockets(int family) : family_(family) {}

  struct Pair {
    FileDescriptor active, passive;
  };

  FileDescriptor listener() {
    FileDescriptor fd = bound(SOCK_STREAM);
    require(listen(fd.get(), 128) == 0);
    return fd;
  }
  Pair pair(const FileDescriptor& listener) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    require(getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    Pair made;
    made.active = FileDescriptor(socket(family_, SOCK_STREAM | SOCK_CLOEXEC, 0));
    require(connect(made.active.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    made.passive = FileDescriptor(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    require(made.passive.valid());
    return made;
  }
  FileDescriptor udp() { return bound(SOCK_DGRAM); }

  static void require(bool holds) {
    if (!holds) {
      throw std::runtime_error(std::string("sockets of the test: ") + strerror(errno));
    }
  }

 private:
  FileDescriptor bound(int type) {
    FileDescriptor fd(socket(family_, type | SOCK_CLOEXEC, 0));
    sockaddr_storage address{};
    address.ss_family = static_cast<sa_family_t>(family_);
    socklen_t size = sizeof(sockaddr_in);
    if (family_ == AF_INET6) {
      reinterpret_cast<sockaddr_in6*>(&address)->sin6_addr = in6addr_loopback;
      size = sizeof(sockaddr_in6);
    } else {
      reinterpret_cast<sockaddr_in*>(&address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    require(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    return fd;
  }

  int family_;
};

void send_datagram(const FileDescriptor& from, const FileDescriptor& to, std::size_t bytes) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  Sockets::require(getsockname(to.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  const std::string text(bytes, 'x');
  Sockets::require(sendto(from.get(), text.data(), bytes, 0, reinterpret_cast<sockaddr*>(&address), size) ==
                   static_cast<ssize_t>(bytes));
}

class SocketSourceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!NetworkThread::allowed()) {
      GTEST_SKIP() << "a network namespace needs root";
    }
    thread_ = std::make_unique<NetworkThread>();
  }

  SocketStats read() {
    ReadReport report;
    const auto reading = source_.read(thread_->place(), false, memory_, report);
    EXPECT_TRUE(reading);
    EXPECT_EQ(report.faults(), 0U) << report.first_fault;
    return reading ? reading->stats : SocketStats{};
  }

  // The other end's delayed acknowledgement of a FIN has come.
  SocketStats read_settled() {
    constexpr std::size_t kFinWait1 = 3;
    for (int i = 0; i < 1'000; ++i) {
      const SocketStats stats = read();
      if ((*stats.tcp_states)[kFinWait1] + (*stats.tcp6_states)[kFinWait1] == 0) {
        return stats;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return {};
  }

  std::unique_ptr<NetworkThread> thread_;
  SocketSource source_{HostRoot{}, kStates};
  SocketSource::Memory memory_;
};

TEST_F(SocketSourceTest, OfANewNamespaceAreNone) {
  const SocketStats stats = read();
  EXPECT_EQ(*stats.tcp_states, TcpStateCounts{});
  EXPECT_EQ(*stats.tcp6_states, TcpStateCounts{});
  EXPECT_EQ(stats.tcp, 0U);
  EXPECT_EQ(stats.udp6_sockets->sockets, 0U);
  EXPECT_FALSE(stats.round_trip);
  EXPECT_EQ(source_.dumps(), 0U) << "sockstat says that there is none";
}

TEST_F(SocketSourceTest, AreCountedByStateAndFamily) {
  std::vector<FileDescriptor> kept;
  const auto keep = [&](FileDescriptor fd) { kept.push_back(std::move(fd)); };
  thread_->run([&] {
    for (const int family : {AF_INET, AF_INET6}) {
      Sockets sockets(family);
      const int more = family == AF_INET6 ? 1 : 0;
      FileDescriptor listener = sockets.listener();
      for (int i = 0; i < 3 + more; ++i) {  // two ends each
        auto pair = sockets.pair(listener);
        keep(std::move(pair.active)), keep(std::move(pair.passive));
      }
      for (int i = 0; i < 2 + more; ++i) {  // closed at one end: FIN-WAIT-2 and CLOSE-WAIT
        auto pair = sockets.pair(listener);
        shutdown(pair.active.get(), SHUT_WR);
        keep(std::move(pair.active)), keep(std::move(pair.passive));
      }
      for (int i = 0; i < 4 + more; ++i) {  // closed at both: TIME-WAIT at the first to close
        auto pair = sockets.pair(listener);
        pair.active.reset();
        pair.passive.reset();
      }
      keep(std::move(listener));
      FileDescriptor receiver = sockets.udp();
      send_datagram(sockets.udp(), receiver, 100);
      keep(std::move(receiver));
    }
  });
  const SocketStats stats = read_settled();
  //                     established      fin-wait-2  time-wait  close-wait  listen
  EXPECT_EQ(*stats.tcp_states, (TcpStateCounts{6, 0, 0, 0, 2, 4, 0, 2, 0, 1, 0}));
  EXPECT_EQ(*stats.tcp6_states, (TcpStateCounts{8, 0, 0, 0, 3, 5, 0, 3, 0, 1, 0}));
  EXPECT_EQ(stats.tcp, 11U);
  EXPECT_EQ(stats.tcp6, 15U);
  EXPECT_EQ(stats.tcp_time_wait, 9U);
  EXPECT_EQ(stats.tcp_passive_opens, 9U + 12U);
  EXPECT_EQ(stats.tcp_active_opens, 9U + 12U);
  EXPECT_EQ(stats.tcp_segments_retransmitted, 0U);
  EXPECT_EQ(stats.udp_sockets->sockets, 1U);
  EXPECT_GE(stats.udp_sockets->receive_bytes, 100U) << "with the kernel's own part of the buffer";
  EXPECT_EQ(stats.udp6_sockets->sockets, 1U);
  ASSERT_TRUE(stats.round_trip);
  EXPECT_GT(stats.round_trip->median_usec, 0U);
  EXPECT_LE(stats.round_trip->median_usec, stats.round_trip->maximum_usec);
  EXPECT_LT(stats.round_trip->median_usec, 1'000'000U) << "over loopback";
}

TEST_F(SocketSourceTest, AreAskedForAgainOnlyWhenSomethingMoved) {
  Sockets sockets(AF_INET);
  FileDescriptor listener;
  std::vector<Sockets::Pair> pairs;
  thread_->run([&] {
    listener = sockets.listener();
    pairs.push_back(sockets.pair(listener));
  });
  EXPECT_EQ((*read().tcp_states)[0], 2U);
  EXPECT_EQ(source_.dumps(), 1U);
  EXPECT_EQ((*read().tcp_states)[0], 2U) << "as remembered";
  EXPECT_EQ(source_.dumps(), 1U);
  shutdown(pairs[0].active.get(), SHUT_WR);  // no socket more, no socket less: one segment
  const SocketStats moved = read_settled();
  EXPECT_GE(source_.dumps(), 2U);
  EXPECT_EQ(*moved.tcp_states, (TcpStateCounts{0, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0}));
  pairs.clear();
  thread_->run([&] { listener.reset(); });
  const SocketStats none = read();
  EXPECT_EQ((*none.tcp_states)[9], 0U);
}

TEST_F(SocketSourceTest, OfANamespaceThatIsGoneAreNothing) {
  const NetworkPlace place = thread_->place();
  thread_.reset();
  ReadReport report;
  EXPECT_FALSE(source_.read(place, false, memory_, report));
  EXPECT_EQ(report.faults(), 0U);
}

TEST_F(SocketSourceTest, OfAProcessThatIsElsewhereByNowAreNothing) {
  NetworkPlace place = thread_->place();
  place.inode = net_namespace_of("/proc/self", place.mark);
  ReadReport report;
  EXPECT_FALSE(source_.read(place, false, memory_, report));
}

TEST_F(SocketSourceTest, LeaveTheReadingThreadWhereItWas) {
  FileDescriptor kept;
  thread_->run([&] { kept = Sockets(AF_INET).listener(); });
  const std::uint64_t before = net_namespace_of("/proc/thread-self", NamespaceMark::kNsNet);
  read();
  EXPECT_EQ(source_.dumps(), 1U);
  EXPECT_EQ(net_namespace_of("/proc/thread-self", NamespaceMark::kNsNet), before);
}

// Capabilities are each thread's own.
void drop(unsigned capability) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  Sockets::require(syscall(SYS_capget, &header, data) == 0);
  data[CAP_TO_INDEX(capability)].effective &= ~CAP_TO_MASK(capability);
  Sockets::require(syscall(SYS_capset, &header, data) == 0);
}

TEST_F(SocketSourceTest, WithoutTheCapabilityAreCountedAsDenied) {
  FileDescriptor kept;
  thread_->run([&] { kept = Sockets(AF_INET).listener(); });
  const NetworkPlace place = thread_->place();
  ReadReport report;
  std::optional<SocketReading> reading;
  std::thread([&] {
    SocketSource source(HostRoot{}, kStates);
    SocketSource::Memory memory;
    drop(CAP_SYS_ADMIN);
    reading = source.read(place, false, memory, report);
  }).join();
  ASSERT_TRUE(reading);
  EXPECT_EQ(reading->stats.tcp, 1U) << "sockstat needs none";
  EXPECT_EQ(reading->stats.tcp_passive_opens, 0U);
  EXPECT_FALSE(reading->stats.tcp_states);
  EXPECT_FALSE(reading->stats.udp_sockets);
  EXPECT_EQ(report.denied, 1U);
  EXPECT_EQ(report.first_fault,
            place.process + "/setns: not permitted; sockets by state need CAP_SYS_ADMIN and CAP_SYS_PTRACE");
}

TEST_F(SocketSourceTest, MayBeTenThousand) {
  constexpr rlim_t kSockets = 10'000;
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  const rlimit raised{std::max(files.rlim_cur, kSockets + 256), std::max(files.rlim_max, kSockets + 256)};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &raised), 0);
  std::vector<FileDescriptor> kept;
  thread_->run([&] {
    Sockets sockets(AF_INET);
    FileDescriptor listener = sockets.listener();
    while (kept.size() + 1 < kSockets) {
      auto pair = sockets.pair(listener);
      kept.push_back(std::move(pair.active));
      kept.push_back(std::move(pair.passive));
    }
    kept.push_back(std::move(listener));
  });
  EXPECT_EQ(*read().tcp_states, (TcpStateCounts{10'000, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0}));
  kept.clear();
  setrlimit(RLIMIT_NOFILE, &files);
}

TEST(SocketSourceOfAHost, SeparatesItsSocketsByCgroup) {
  SocketSource source(HostRoot{}, {});
  const HostRoot root;
  const NamespaceMark mark = namespace_mark_of(root);
  const NetworkPlace here{"/proc/self", net_namespace_of("/proc/self", mark), mark};
  Sockets sockets(AF_INET);
  const FileDescriptor kept = sockets.listener();
  SocketSource::Memory memory;
  ReadReport report;
  const auto reading = source.read(here, true, memory, report);
  ASSERT_TRUE(reading);
  EXPECT_EQ(report.faults(), 0U) << report.first_fault;
  ASSERT_TRUE(reading->by_cgroup);
  std::uint64_t sum = 0;
  for (const auto& [id, tally] : *reading->by_cgroup) {
    SocketStats stats;
    tally.fill_sums(stats);
    sum += *stats.tcp;
  }
  EXPECT_GE(sum, 1U) << "the one that is kept";
  EXPECT_FALSE(reading->stats.tcp_states) << "not asked for";
}

TEST(SocketSourceOfAHost, OfFilesHasWhatTheFilesSay) {
  HostBuilder host;
  host.file("proc/7/net/sockstat", "TCP: inuse 3 orphan 0 tw 1 alloc 3 mem 0\nUDP: inuse 2 mem 0\n");
  host.file("proc/7/net/snmp", "Tcp: RetransSegs MaxConn\nTcp: 12 -1\n");
  host.file("proc/7/net/netstat", "TcpExt: ListenDrops\nTcpExt: 5\n");
  SocketSource source(host.root(), {true, true});
  SocketSource::Memory memory;
  ReadReport report;
  auto reading = source.read({host.path("proc/7"), 0, NamespaceMark::kNsNet}, false, memory, report);
  ASSERT_TRUE(reading);
  EXPECT_EQ(report.faults(), 0U) << report.first_fault;
  EXPECT_EQ(reading->stats.tcp, 3U);
  EXPECT_EQ(reading->stats.tcp_segments_retransmitted, 12U);
  EXPECT_FALSE(reading->stats.tcp6) << "no sockstat6: a kernel without IPv6";
  EXPECT_FALSE(reading->stats.tcp_states);
  ASSERT_EQ(reading->stats.advanced.size(), 2U);
  EXPECT_EQ(reading->stats.advanced[0].name, "retranssegs");
  EXPECT_EQ(reading->stats.advanced[1].name, "listendrops");

  host.file("proc/7/net/snmp", "Tcp: RetransSegs\n");
  reading = source.read({host.path("proc/7"), 0, NamespaceMark::kNsNet}, false, memory, report);
  EXPECT_EQ(report.malformed, 1U);
  EXPECT_EQ(report.first_fault, host.path("proc/7/net/snmp") + ": not as the kernel documents it");
  EXPECT_FALSE(reading->stats.tcp_segments_retransmitted);
  EXPECT_EQ(reading->stats.tcp, 3U) << "one file does not cost another";
}

}  // namespace
}  // namespace tallyman
