#include "collectors/kernel/system/thread.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <future>

namespace tallyman {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kNever = Clock::time_point::max();

// The name of the calling thread as `top -H` shows it.
std::string own_name() {
  std::string name;
  std::getline(std::ifstream("/proc/self/task/" + std::to_string(gettid()) + "/comm"), name);
  return name;
}

bool blocks(int signal) {
  sigset_t blocked;
  sigemptyset(&blocked);
  pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
  return sigismember(&blocked, signal) == 1;
}

TEST(Thread, HasItsNameBeforeItsBodyRuns) {
  std::string seen;
  Thread thread("sampler");
  thread.start([&] { seen = own_name(); });
  thread.stop();
  EXPECT_EQ(seen, "sampler");
}

TEST(Thread, CutsANameThatIsTooLongForTheKernel) {
  std::string seen;
  Thread thread("a-name-of-18-bytes");
  thread.start([&] { seen = own_name(); });
  thread.stop();
  EXPECT_EQ(seen, "a-name-of-18-by");
}

TEST(Thread, LeavesSignalsToOtherThreadsButNotItsOwnFaults) {
  bool term = false, hup = false, segv = true;
  Thread thread("signals");
  thread.start([&] {
    term = blocks(SIGTERM);
    hup = blocks(SIGHUP);
    segv = blocks(SIGSEGV);
  });
  thread.stop();
  EXPECT_TRUE(term);
  EXPECT_TRUE(hup);
  EXPECT_FALSE(segv);
  EXPECT_FALSE(blocks(SIGTERM)) << "the maker's mask is as before";
}

TEST(Thread, IsWokenAndJoinedAtTheEnd) {
  bool stopped = false;
  {
    Thread thread("waits");
    thread.start([&] { stopped = !thread.wait_until(kNever); });
  }
  EXPECT_TRUE(stopped);
}

TEST(Thread, WaitsUntilATimeIfNothingStopsIt) {
  bool due = false;
  std::promise<void> waited;
  Thread thread("waits");
  thread.start([&] {
    due = thread.wait_until(Clock::now() + std::chrono::milliseconds(1));
    waited.set_value();
  });
  waited.get_future().wait();
  EXPECT_TRUE(due);
}

TEST(Thread, StopEndsEveryLaterWaitAndThatForAnotherEvent) {
  bool first = true, second = true, other = true;
  WakeEvent event;
  Thread thread("waits");
  thread.start([&] {
    other = event.wait_until(kNever, &thread.stop_event());
    first = thread.wait_until(kNever);
    second = thread.wait_until(kNever);
  });
  thread.stop();
  EXPECT_FALSE(other);
  EXPECT_FALSE(first);
  EXPECT_FALSE(second);
}

TEST(Thread, StartsAgainAfterAStop) {
  int runs = 0;
  bool due = false;
  Thread thread("again");
  EXPECT_FALSE(thread.started());
  thread.stop();
  for (int i = 0; i < 2; ++i) {
    std::promise<void> waited;
    thread.start([&] {
      ++runs;
      due = thread.wait_until(Clock::now() + std::chrono::milliseconds(1));
      waited.set_value();
    });
    waited.get_future().wait();
    EXPECT_TRUE(due) << "the stop before is over";
    EXPECT_TRUE(thread.started());
    thread.start([&] { ++runs; });  // it runs already
    thread.stop();
    EXPECT_FALSE(thread.started());
    EXPECT_TRUE(thread.stopping());
  }
  EXPECT_EQ(runs, 2);
}

TEST(Thread, IsLeftBehindByDetach) {
  struct Shared {
    Thread thread{"left"};
    std::promise<void> go;
  };
  auto shared = std::make_shared<Shared>();
  std::promise<bool> ended;
  std::future<bool> end = ended.get_future();
  shared->thread.start([shared, ended = std::make_shared<std::promise<bool>>(std::move(ended))] {
    shared->go.get_future().wait();
    ended->set_value(shared->thread.stopping());
  });
  shared->thread.detach();
  EXPECT_FALSE(shared->thread.started());
  shared->go.set_value();
  shared.reset();
  EXPECT_FALSE(end.get());
}

}  // namespace
}  // namespace tallyman
