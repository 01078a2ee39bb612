#include "collectors/kernel/system/deadline_caller.h"

#include "collectors/kernel/filesystem/walk_budget.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

namespace tallyman {
namespace {

using namespace std::chrono_literals;

// A call that hangs until it is let go.
struct Hang {
  std::shared_ptr<std::promise<void>> promise = std::make_shared<std::promise<void>>();
  std::shared_future<void> released = promise->get_future().share();
  std::function<void()> job() const {
    return [released = released] { released.wait(); };
  }
  void release() const { promise->set_value(); }
};

TEST(DeadlineCaller, RunsJobsOneAfterTheOtherInOneThread) {
  int starts = 0;
  DeadlineCaller caller("fs-call-1", 1min, 1, [&] { ++starts; });
  std::vector<std::thread::id> threads;
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(caller.call([&] { threads.push_back(std::this_thread::get_id()); }));
  }
  ASSERT_EQ(threads.size(), 3U);
  EXPECT_EQ(threads[0], threads[2]);
  EXPECT_NE(threads[0], std::this_thread::get_id());
  EXPECT_EQ(starts, 1);
}

TEST(DeadlineCaller, LeavesAHangingCallBehindAndContinues) {
  const Hang hang;
  DeadlineCaller caller("fs-call-1", 50ms, 2);
  EXPECT_FALSE(caller.call(hang.job()));
  EXPECT_EQ(caller.hanging(), 1U);
  bool ran = false;
  EXPECT_TRUE(caller.call([&] { ran = true; }));
  EXPECT_TRUE(ran);
  hang.release();
  while (caller.hanging() != 0) {
    std::this_thread::sleep_for(1ms);
  }
}

TEST(DeadlineCaller, LeavesNoMoreThreadsBehindThanItMay) {
  const Hang hang;
  DeadlineCaller caller("fs-call-1", 20ms, 1);
  EXPECT_FALSE(caller.call(hang.job()));
  bool ran = false;
  EXPECT_FALSE(caller.call([&] { ran = true; }));
  EXPECT_FALSE(ran);
  hang.release();
  while (caller.hanging() != 0) {
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_TRUE(caller.call([&] { ran = true; }));
  EXPECT_TRUE(ran);
}

TEST(DeadlineCaller, DoesNotKeepAnybodyWaitingAtTheEnd) {
  const Hang hang;
  const auto start = std::chrono::steady_clock::now();
  {
    DeadlineCaller caller("fs-call-1", 1h, 1);
    std::thread ends([&] {
      std::this_thread::sleep_for(20ms);
      caller.hurry();
    });
    EXPECT_FALSE(caller.call(hang.job()));
    ends.join();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, 1min);
  hang.release();
}

TEST(WalkBudget, RestsSoThatItsSharesAreKept) {
  const WalkBudget budget{60s, 5'000};
  EXPECT_EQ(budget.slice_entries(), 500U);
  EXPECT_EQ(budget.rest_after(500, 100us, 200us), 100ms) << "by the number of entries";
  EXPECT_EQ(budget.rest_after(500, 5ms, 6ms), 495ms) << "1 % of a CPU";
  EXPECT_EQ(budget.rest_after(10, 100us, 250ms), 750ms) << "a quarter of the disk's time";
}

TEST(WalkBudget, WalksWhatCostsMoreLessOften) {
  const WalkBudget budget{60s, 5'000};
  EXPECT_EQ(budget.next_after(1ms), 60s);
  EXPECT_EQ(budget.next_after(2s), 400s);
}

}  // namespace
}  // namespace tallyman
