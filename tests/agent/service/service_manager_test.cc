#include "agent/service/service_manager.h"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace tallyman {
namespace {

using namespace std::chrono_literals;
using testing::MatchesRegex;

// The role of systemd: the other end of $NOTIFY_SOCKET.
class ServiceManagerTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = testing::TempDir() + "tallyman-notify-" + std::to_string(getpid());
    socket_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    ASSERT_LT(path_.size(), sizeof address.sun_path);
    path_.copy(address.sun_path, path_.size());
    ASSERT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    setenv("NOTIFY_SOCKET", path_.c_str(), 1);
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
  }
  void TearDown() override {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) unsetenv(name);
    close(socket_);
    unlink(path_.c_str());
  }

  // Empty if no message has arrived.
  std::string received() {
    char buffer[4096];
    const ssize_t size = recv(socket_, buffer, sizeof buffer, 0);
    return size < 0 ? "" : std::string(buffer, static_cast<std::size_t>(size));
  }

  std::string path_;
  int socket_ = -1;
};

TEST_F(ServiceManagerTest, TheLifeCycleIsReported) {
  ServiceManager manager;
  EXPECT_TRUE(manager.present());
  manager.ready("serving on 127.0.0.1:8255");
  EXPECT_EQ(received(), "READY=1\nSTATUS=serving on 127.0.0.1:8255");
  manager.status("300 workloads");
  EXPECT_EQ(received(), "STATUS=300 workloads");
  manager.reloading();
  EXPECT_THAT(received(), MatchesRegex("RELOADING=1\nMONOTONIC_USEC=[1-9][0-9]+"));
  manager.ready("again");
  EXPECT_EQ(received(), "READY=1\nSTATUS=again");
  manager.stopping();
  EXPECT_EQ(received(), "STOPPING=1");
  EXPECT_EQ(received(), "");
}

TEST_F(ServiceManagerTest, AStatusCannotSmuggleInAnotherMessage) {
  ServiceManager manager;
  manager.status("x\nSTOPPING=1\nMAINPID=1");
  EXPECT_EQ(received(), "STATUS=x STOPPING=1 MAINPID=1");
  manager.status(std::string(100'000, 'y'));
  EXPECT_EQ(received(), "STATUS=" + std::string(500, 'y'));
}

TEST_F(ServiceManagerTest, TheWatchdogIsFedFourTimesATimeout) {
  setenv("WATCHDOG_USEC", "8000000", 1);
  setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
  ServiceManager manager;
  EXPECT_EQ(manager.watchdog_timeout(), 8s);
  int fed = 0;
  const auto start = std::chrono::steady_clock::now();
  for (auto time = 0ms; time < 16s; time += 100ms) {
    const bool sent = manager.feed_watchdog(start + time);
    EXPECT_EQ(received(), sent ? "WATCHDOG=1" : "");
    fed += sent ? 1 : 0;
  }
  EXPECT_EQ(fed, 8);
}

TEST_F(ServiceManagerTest, NoWatchdogIsFedUnlessItIsOursAndOn) {
  EXPECT_EQ(ServiceManager().watchdog_timeout(), std::nullopt);
  setenv("WATCHDOG_USEC", "8000000", 1);
  setenv("WATCHDOG_PID", "1", 1);
  ServiceManager of_another;
  EXPECT_EQ(of_another.watchdog_timeout(), std::nullopt);
  EXPECT_FALSE(of_another.feed_watchdog());
  setenv("WATCHDOG_USEC", "soon", 1);
  setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
  EXPECT_EQ(ServiceManager().watchdog_timeout(), std::nullopt);
  EXPECT_EQ(received(), "");
}

TEST_F(ServiceManagerTest, WithoutAServiceManagerNothingHappens) {
  unsetenv("NOTIFY_SOCKET");
  setenv("WATCHDOG_USEC", "8000000", 1);
  ServiceManager manager;
  EXPECT_FALSE(manager.present());
  manager.ready("x");
  manager.reloading();
  manager.stopping();
  EXPECT_FALSE(manager.feed_watchdog());
  EXPECT_EQ(received(), "");
}

TEST_F(ServiceManagerTest, AMissingSocketIsNoError) {
  setenv("WATCHDOG_USEC", "8000000", 1);
  ServiceManager manager;
  unlink(path_.c_str());
  manager.ready("x");
  EXPECT_FALSE(manager.feed_watchdog());
}

}  // namespace
}  // namespace tallyman
