#include "agent/service/snapshot_dispatcher.h"

#include "agent/service/history_clock.h"
#include "tests/support/eventually.h"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>

namespace tallyman {
namespace {

using namespace std::chrono_literals;

SnapshotPtr snapshot(std::uint64_t sequence) {
  auto made = std::make_shared<Snapshot>();
  made->sequence = sequence;
  return made;
}

TEST(SnapshotDispatcher, GivesEachSnapshotToAllInTurn) {
  std::atomic<std::uint64_t> first = 0, second = 0;
  SnapshotDispatcher dispatcher({[&](const SnapshotPtr& one) { first = one->sequence; },
                                 [&](const SnapshotPtr& one) {
                                   EXPECT_EQ(first, one->sequence);
                                   second = one->sequence;
                                 }});
  dispatcher.publish(snapshot(1));  // waits for the start
  dispatcher.start();
  ASSERT_TRUE(eventually([&] { return second == 1; }));
  dispatcher.publish(snapshot(2));
  EXPECT_TRUE(eventually([&] { return second == 2; }));
  EXPECT_EQ(dispatcher.skipped(), 0U);
}

TEST(SnapshotDispatcher, NeverDelaysThePublisherAndCountsSkippedSnapshots) {
  std::atomic<bool> busy = false, go_on = false;
  std::atomic<std::uint64_t> newest = 0;
  SnapshotDispatcher dispatcher({[&](const SnapshotPtr& one) {
    busy = true;
    while (!go_on) std::this_thread::sleep_for(1ms);
    newest = one->sequence;
  }});
  dispatcher.start();
  dispatcher.publish(snapshot(1));
  ASSERT_TRUE(eventually([&] { return busy.load(); }));
  for (std::uint64_t sequence = 2; sequence <= 10; ++sequence) dispatcher.publish(snapshot(sequence));
  EXPECT_EQ(newest, 0U);
  EXPECT_EQ(dispatcher.skipped(), 8U);
  go_on = true;
  EXPECT_TRUE(eventually([&] { return newest == 10; }));
}

TEST(SnapshotDispatcher, StopsWithoutAnyAndMoreThanOnce) {
  SnapshotDispatcher never({});
  SnapshotDispatcher dispatcher({});
  dispatcher.start();
  dispatcher.stop();
  dispatcher.stop();
  dispatcher.publish(snapshot(1));
}

TEST(HistoryClock, DistinguishesSuspensionFromTheTimeBetweenReadings) {
  HistoryClock clock;
  EXPECT_EQ(clock.slept(100s, 100s + 50ms), 0ns);
  EXPECT_EQ(clock.slept(101s, 101s + 3ms), 0ns);
  EXPECT_EQ(clock.slept(102s, 102s + 3'600s), 3'600s);
  EXPECT_EQ(clock.slept(103s, 103s + 3'600s + 99ms), 3'600s);
  EXPECT_EQ(clock.slept(104s, 104s + 3'601s), 3'601s);
  EXPECT_LT(HistoryClock().slept(), 10 * 365 * 24h);
}

}  // namespace
}  // namespace tallyman
