#include "collectors/kernel/system/priority_inheriting_mutex.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <fstream>
#include <future>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace tallyman {
namespace {

// What the kernel schedules a thread of this process by: negative for real-time priorities.
int priority_of(pid_t thread) {
  std::string text;
  std::getline(std::ifstream("/proc/self/task/" + std::to_string(thread) + "/stat"), text);
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  std::string skipped;
  for (int field = 3; field < 18; ++field) fields >> skipped;
  int priority = 0;
  fields >> priority;
  return priority;
}

bool become_real_time() {
  const sched_param lowest{1};
  return sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &lowest) == 0;
}

TEST(PriorityInheritingMutex, IsHeldByOneThread) {
  PriorityInheritingMutex mutex;
  const auto free_for_another = [&] {
    bool free = false;
    std::jthread([&] {
      free = mutex.try_lock();
      if (free) mutex.unlock();
    }).join();
    return free;
  };
  MutexLock lock(mutex);
  EXPECT_FALSE(free_for_another());
  lock.unlock();
  EXPECT_TRUE(free_for_another());
  lock.lock();
  EXPECT_FALSE(free_for_another());
}

TEST(PriorityInheritingMutex, LosesNoUpdateOfManyThreads) {
  constexpr int kThreads = 4, kUpdates = 20'000;
  PriorityInheritingMutex mutex;
  int updates = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        for (int update = 0; update < kUpdates; ++update) {
          const MutexLock lock(mutex);
          ++updates;
        }
      });
    }
  }
  EXPECT_EQ(updates, kThreads * kUpdates);
}

TEST(PriorityInheritingMutex, IsWaitedForWithAConditionVariable) {
  PriorityInheritingMutex mutex;
  std::condition_variable_any changed;
  bool ready = false;
  std::jthread other([&] {
    const MutexLock lock(mutex);
    ready = true;
    changed.notify_all();
  });
  MutexLock lock(mutex);
  while (!ready) changed.wait(lock);
  EXPECT_TRUE(ready);
}

// The holder gets the priority of a real-time thread when that one waits, and loses it again
// when it unlocks. No pause says when the other waits: the kernel itself reports the boost.
TEST(PriorityInheritingMutex, RaisesTheHolderWhileARealTimeThreadWaits) {
  PriorityInheritingMutex mutex;
  if (!mutex.inherits()) GTEST_SKIP() << "this kernel has no priority inheritance";
  const int before = priority_of(gettid());
  ASSERT_GE(before, 0);
  std::promise<bool> real_time;
  MutexLock lock(mutex);
  std::jthread waiter([&] {
    const bool raised = become_real_time();
    real_time.set_value(raised);
    if (!raised) return;
    const MutexLock waits(mutex);
  });
  if (!real_time.get_future().get()) GTEST_SKIP() << "may not have real-time priority";
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (priority_of(gettid()) >= 0 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  EXPECT_LT(priority_of(gettid()), 0);
  lock.unlock();
  EXPECT_EQ(priority_of(gettid()), before);
}

}  // namespace
}  // namespace tallyman
