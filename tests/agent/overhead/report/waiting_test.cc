// Which differences of wall time have a number on a busy machine, and that all have one on
// a quiet one.
#include "agent/overhead/report/waiting.h"

#include "agent/overhead/report/analysis.h"
#include "agent/overhead/report/report_markdown.h"
#include "agent/overhead/report/report_table.h"
#include "tests/agent/overhead/model/record_builder.h"

#include <gmock/gmock.h>

namespace tallyman::overhead {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr double kQuietShare = 0.02, kBusyShare = 0.8;

// The wall time's verdict on the only row.
Comparison wall_of(const RecordBuilder& builder) { return *analyse(builder.record).groups.at(0).rows.at(0).wall; }

// Three times the time, and the same CPU time: nobody knows how long the proxy waited.
RecordBuilder published_port() {
  RecordBuilder builder;
  builder.cell("tcp-latency", "bare", 30'000, 0.01)
      .cell("tcp-latency", "docker-published", 90'000, 0.01, 1.0 / 3)
      .cell("tcp-latency", "control", 30'000, 0.01);
  return builder;
}

// `ratio` times the time; the CPU time is `cpu_ratio` times, and the rest of `wait_ns` waiting for a CPU.
RecordBuilder measured(const std::string& workload, double ratio, double cpu_ratio, double wait_ns) {
  RecordBuilder builder;
  builder.cell(workload, "bare", 10'000, 0.01)
      .waiting(100)
      .cell(workload, "docker", 10'000 * ratio, 0.01, cpu_ratio / ratio)
      .waiting(wait_ns)
      .cell(workload, "control", 10'000, 0.01)
      .waiting(100);
  return builder;
}

TEST(OverheadWaiting, AQuietMachinesDifferenceHasItsNumberWithoutAnyCpuTime) {
  const Comparison wall = wall_of(published_port().others_use(kQuietShare));
  EXPECT_TRUE(wall.differs);
  EXPECT_FALSE(wall.unclear);
  EXPECT_NEAR(wall.ratio.value, 3, 0.1);
  EXPECT_TRUE(wall_of(measured("page-faults", 3.1, 1, 21'000).others_use(kQuietShare)).differs) << "a quota, say";
}

TEST(OverheadWaiting, OnABusyMachineTheSameCannotBeTold) {
  RecordBuilder builder = published_port().others_use(kBusyShare);
  const Comparison wall = wall_of(builder);
  EXPECT_FALSE(wall.differs);
  EXPECT_TRUE(wall.unclear);
  const Analysis analysis = analyse(builder.record);
  const std::string json = report_json(builder.record, analysis), table = table_text(builder.record, analysis);
  EXPECT_THAT(json, HasSubstr("\"unclear\":true"));
  EXPECT_THAT(json, Not(HasSubstr("\"ratio\"")));
  EXPECT_THAT(table, HasSubstr("cannot tell: this machine is busy"));
  EXPECT_THAT(table, Not(HasSubstr("x 3.0")));
  EXPECT_THAT(markdown_text(builder.record, analysis), HasSubstr("cannot tell: this machine is busy"));
}

TEST(OverheadWaiting, WaitingForACpuIsNoCost) {
  for (const double ratio : {3.1, 6.0, 10.0}) {
    const double wait_ns = 10'000 * (ratio - 1);
    EXPECT_TRUE(wall_of(measured("page-faults", ratio, 1, wait_ns).others_use(kBusyShare)).unclear) << ratio;
  }
}

TEST(OverheadWaiting, AnExcessThatCpuTimeDoesNotExplainIsUnclearToo) {
  RecordBuilder builder;
  builder.cell("fork-exec", "bare", 1e6, 0.01)
      .cell("fork-exec", "docker", 6e6, 0.01, 1.2 / 6)
      .cell("fork-exec", "control", 1e6, 0.01)
      .others_use(kBusyShare);
  const Row row = analyse(builder.record).groups.at(0).rows.at(0);
  EXPECT_TRUE(row.wall->unclear);
  EXPECT_TRUE(row.cpu->differs) << "what was worked keeps its number";
  EXPECT_NEAR(row.cpu->ratio.value, 1.2, 0.05);
}

TEST(OverheadWaiting, MoreWorkHasItsNumberOnABusyMachine) {
  EXPECT_TRUE(wall_of(measured("page-faults", 2, 2, 200).others_use(kBusyShare)).differs);
  RecordBuilder builder;
  builder.cell("fork-exec", "bare", 1e6, 0.01)
      .cell("fork-exec", "docker", 2e6, 0.01)
      .cell("fork-exec", "control", 1e6, 0.01)
      .others_use(kBusyShare);
  EXPECT_TRUE(wall_of(builder).differs) << "no one knows how long its children waited, but CPU time explains it";
}

TEST(OverheadWaiting, WaitingForADiskOrAnOwnLimitHasItsNumberOnABusyMachine) {
  EXPECT_TRUE(wall_of(measured("write-fsync", 11, 1, 300).others_use(kBusyShare)).differs);
  EXPECT_TRUE(wall_of(measured("integer", 10, 1, 0).others_use(kBusyShare)).differs) << "--cpus 0.1";
}

TEST(OverheadWaiting, ABaselineThatWaitsTooHidesNoDifference) {
  RecordBuilder builder = measured("integer", 5, 1, 0).others_use(kBusyShare);
  for (CellRecord& cell : builder.record.cells) {
    if (cell.mode == "docker") continue;
    for (Sample& sample : cell.samples) sample.wait_ns = sample.wall_ns / 2;
  }
  EXPECT_TRUE(wall_of(builder).differs) << "--cpus 0.1 takes 10 times as long without waiting, 5 times with it";
}

TEST(OverheadWaiting, AStartHasNothingButItsTime) {
  RecordBuilder builder;
  builder.cell("start", "bare", 4e6, 0.01, 0)
      .cell("start", "docker", 574e6, 0.01, 0)
      .cell("start", "control", 4e6, 0.01, 0)
      .others_use(kBusyShare);
  EXPECT_TRUE(wall_of(builder).differs);
}

TEST(OverheadWaiting, TheUseByOthersIsThatBesideTheBaseline) {
  RecordBuilder builder = published_port().others_use(0.3);
  for (Sample& sample : builder.record.cells[1].samples) sample.busy_ns = 200'000'000;  // the proxy
  EXPECT_NEAR(*used_by_others(builder.record), 0.3, 1e-9);
  EXPECT_TRUE(was_busy(builder.record));
  EXPECT_FALSE(was_busy(published_port().others_use(0.2).record));
  EXPECT_EQ(used_by_others(published_port().others_use(-0.1).record), 0) << "ticks";
}

TEST(OverheadWaiting, AnOldReportHasItsLoadOnly) {
  RecordBuilder builder = published_port();
  EXPECT_FALSE(used_by_others(builder.record));
  EXPECT_TRUE(wall_of(builder).differs);
  builder.record.facts["load at the start"] = "1.04 1.83 2.47 2/99 31512";
  EXPECT_NEAR(*used_by_others(builder.record), 0.52, 1e-9);
  EXPECT_TRUE(wall_of(builder).unclear);
}

TEST(OverheadWaiting, ComparedRunsAreJudgedAlike) {
  const RecordBuilder before = measured("page-faults", 1, 1, 100).others_use(kQuietShare);
  const RecordBuilder waited = measured("page-faults", 4, 1, 30'000).others_use(kBusyShare);
  const RecordBuilder worked = measured("page-faults", 4, 4, 300).others_use(kBusyShare);
  const auto change = [&](const RecordBuilder& after) {
    return compare(before.record, after.record).changes.at(0).change;
  };
  EXPECT_TRUE(change(waited).unclear);
  EXPECT_FALSE(change(waited).differs);
  EXPECT_TRUE(change(worked).differs);
}

}  // namespace
}  // namespace tallyman::overhead
