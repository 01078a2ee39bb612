#include "agent/service/freed_memory.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

using namespace std::chrono_literals;
constexpr std::size_t kMegabyte = 1 << 20;

TEST(FreedMemory, IsGivenBackWhereThatIsWorthIt) {
  FreedMemory::Heap heap;
  int given_back = 0;
  FreedMemory memory({[&] { return heap; }, [&] { ++given_back; }});
  FreedMemory::Time now{1h};
  heap = {10 * kMegabyte, 15 * kMegabyte};
  EXPECT_FALSE(memory.check(now));
  heap = {10 * kMegabyte, 150 * kMegabyte};
  EXPECT_FALSE(memory.check(now + 14s)) << "it has looked just now";
  EXPECT_TRUE(memory.check(now + 15s));
  heap = {100 * kMegabyte, 30 * kMegabyte};
  EXPECT_FALSE(memory.check(now + 1min)) << "a third more is what a busy agent needs";
  EXPECT_EQ(given_back, 1);
}

}  // namespace
}  // namespace tallyman
