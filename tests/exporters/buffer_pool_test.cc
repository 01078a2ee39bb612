#include "exporters/buffer_pool.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace tallyman {
namespace {

std::unique_ptr<std::string> filled(std::unique_ptr<std::string> buffer, std::size_t bytes) {
  buffer->assign(bytes, 'x');
  return buffer;
}

TEST(BufferPool, HandsTheMemoryOnWhenTheLastReaderIsDone) {
  const auto pool = std::make_shared<BufferPool>();
  auto body = pool->share(filled(pool->take(), 100'000));
  const char* memory = body->data();
  auto reader = body;
  body.reset();
  EXPECT_EQ(pool->spare_buffers(), 0U);
  EXPECT_NE(pool->take()->data(), memory);
  reader.reset();
  EXPECT_EQ(pool->spare_buffers(), 1U);
  const auto again = pool->take();
  EXPECT_EQ(again->data(), memory);
  EXPECT_EQ(again->size(), 100'000U) << "cleared, it would have to be filled again to be written over";
}

TEST(BufferPool, KeepsTheLargestTwo) {
  const auto pool = std::make_shared<BufferPool>();
  std::vector<std::shared_ptr<const std::string>> bodies;
  for (std::size_t bytes : {4'000UL, 1'000UL, 3'000UL, 2'000UL})
    bodies.push_back(pool->share(filled(pool->take(), bytes)));
  bodies.clear();
  EXPECT_EQ(pool->spare_buffers(), 2U);
  EXPECT_GE(pool->take()->capacity(), 4'000U);
  EXPECT_GE(pool->take()->capacity(), 3'000U);
  EXPECT_EQ(pool->spare_buffers(), 0U);
}

TEST(BufferPool, LetsGoOfMemoryThatIsNoLongerNeeded) {
  const auto pool = std::make_shared<BufferPool>();
  pool->share(filled(pool->take(), 8 * 1024 * 1024)).reset();
  ASSERT_EQ(pool->spare_buffers(), 1U);
  pool->share(filled(pool->take(), 1'000)).reset();
  EXPECT_EQ(pool->spare_buffers(), 0U);
}

TEST(BufferPool, IsOutlivedByItsReaders) {
  auto pool = std::make_shared<BufferPool>();
  const auto body = pool->share(filled(pool->take(), 10));
  pool.reset();
  EXPECT_EQ(*body, "xxxxxxxxxx");
}

TEST(BufferPool, IsSharedByThreads) {
  const auto pool = std::make_shared<BufferPool>();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&pool, t] {
      for (std::size_t i = 1; i < 500; ++i) {
        const auto body = pool->share(filled(pool->take(), i * static_cast<std::size_t>(t + 1)));
        const auto reader = body;
        ASSERT_EQ(reader->size(), i * static_cast<std::size_t>(t + 1));
        ASSERT_EQ(reader->find_first_not_of('x'), std::string::npos);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(pool->spare_buffers(), 2U);
}

}  // namespace
}  // namespace tallyman
