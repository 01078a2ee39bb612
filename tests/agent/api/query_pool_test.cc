#include "agent/api/query_pool.h"

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <thread>

namespace tallyman {
namespace {

TEST(QueryPool, TakesAFewThatAreCostly) {
  std::promise<void> promise;
  const std::shared_future<void> released = promise.get_future().share();
  std::atomic<int> done{0};
  {
    QueryPool pool;
    for (std::size_t i = 0; i < QueryPool::kThreads + QueryPool::kMaxWaiting; ++i) {
      EXPECT_TRUE(pool.post_costly([&, released] {
        released.wait();
        ++done;
      }));
    }
    EXPECT_FALSE(pool.post_costly([&] { ++done; }));
    promise.set_value();
    while (!pool.post_costly([&] { ++done; })) std::this_thread::yield();
    pool.post([&] { ++done; });
  }
  EXPECT_EQ(done, static_cast<int>(QueryPool::kThreads + QueryPool::kMaxWaiting) + 2) << "all that were taken";
}

TEST(UnreadBodies, AreFullUntilTheyAreRead) {
  const UnreadBodies unread;
  EXPECT_EQ(unread.count(nullptr), nullptr);
  auto body = unread.count(std::make_shared<const std::string>(UnreadBodies::kMaxBytes, 'x'));
  EXPECT_EQ(body->size(), UnreadBodies::kMaxBytes);
  EXPECT_TRUE(unread.full());
  auto copy = body;
  body.reset();
  EXPECT_TRUE(unread.full());
  copy.reset();
  EXPECT_FALSE(unread.full());
}

}  // namespace
}  // namespace tallyman
