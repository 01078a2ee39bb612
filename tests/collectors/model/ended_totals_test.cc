#include "collectors/model/ended_totals.h"

#include "collectors/kernel/stats/network_stats.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

Workload of_image(const std::string& image) {
  Workload workload;
  workload.kind = WorkloadKind::kContainer;
  workload.container.image = image;
  return workload;
}

TEST(EndedTotals, AddUpWhatWorkloadsCounted) {
  EndedTotals totals;
  CgroupStats stats;
  stats.cpu.usage_nsec = 5;
  stats.memory_events.oom_kill = 1;
  stats.io.resize(2);
  stats.io[0].rbytes = 10;
  stats.io[1].rbytes = 20;
  stats.io[1].wbytes = 7;
  InterfaceStats interface;
  interface.rx_bytes = 100;
  interface.tx_bytes = 200;
  totals.add(of_image("a"), stats, {interface});
  totals.add(of_image("a"), CgroupStats{}, {});
  ASSERT_EQ(totals.rows().size(), 1U);
  const EndedTotals::Sums& sums = totals.rows().begin()->second;
  EXPECT_EQ(sums.cpu_nsec, 5U);
  EXPECT_EQ(sums.oom_kills, 1U);
  EXPECT_EQ(sums.read_bytes, 30U);
  EXPECT_EQ(sums.written_bytes, 7U);
  EXPECT_EQ(sums.received_bytes, 100U);
  EXPECT_EQ(sums.transmitted_bytes, 200U);
  EXPECT_EQ(sums.ended, (std::array<std::uint64_t, kOutcomes>{0, 0, 1, 1}));
}

TEST(EndedTotals, AreBoundedAndTheRestIsInOther) {
  EndedTotals totals;
  for (int i = 0; i < 2'000; ++i) totals.add(of_image("image-" + std::to_string(i)), {}, {});
  EXPECT_EQ(totals.rows().size(), EndedTotals::kMaxRows + 1);
  std::uint64_t all = 0, other = 0;
  for (const auto& [key, sums] : totals.rows()) {
    all += sums.ended[static_cast<std::size_t>(Outcome::kUnknown)];
    if (key.image == "other") other = sums.ended[static_cast<std::size_t>(Outcome::kUnknown)];
  }
  EXPECT_EQ(all, 2'000U);
  EXPECT_EQ(other, 2'000U - EndedTotals::kMaxRows);
}

TEST(Outcome, FollowsWhatTheRuntimeSaysFirst) {
  CgroupStats killed;
  killed.memory_events.oom_kill = 1;
  Workload workload = of_image("a");
  EXPECT_EQ(outcome_of(workload, {}), Outcome::kUnknown);
  EXPECT_EQ(outcome_of(workload, killed), Outcome::kOomKilled);
  workload.container.exit = ContainerExit{0, false, 1, 2};
  EXPECT_EQ(outcome_of(workload, killed), Outcome::kSucceeded) << "it lost a process and ended well";
  workload.container.exit->code = 137;
  EXPECT_EQ(outcome_of(workload, {}), Outcome::kFailed);
  workload.container.exit->oom_killed = true;
  EXPECT_EQ(outcome_of(workload, {}), Outcome::kOomKilled);
}

}  // namespace
}  // namespace tallyman
