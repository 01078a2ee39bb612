#include "agent/overhead/report/analysis.h"

#include "tests/agent/overhead/model/record_builder.h"

#include <gmock/gmock.h>

namespace tallyman::overhead {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

RecordBuilder usual() {
  RecordBuilder builder;
  builder.cell("integer", "bare", 1000, 0.01)
      .cell("integer", "cgroup", 1000, 0.01)
      .cell("integer", "docker", 1200, 0.01)
      .cell("integer", "control", 1000, 0.01);
  return builder;
}

TEST(OverheadAnalysis, ADifferenceIsFoundAndASamenessIsNot) {
  const Analysis analysis = analyse(usual().record);
  ASSERT_EQ(analysis.groups.size(), 1U);
  const Group& group = analysis.groups[0];
  EXPECT_LT(group.floor_wall, 1.02);
  ASSERT_EQ(group.rows.size(), 2U);  // without the baseline and its control
  EXPECT_EQ(group.rows[0].label, "cgroup");
  EXPECT_FALSE(group.rows[0].wall->differs);
  EXPECT_EQ(group.rows[1].label, "docker");
  EXPECT_TRUE(group.rows[1].wall->differs);
  EXPECT_TRUE(group.rows[1].cpu->differs);
  // The drift of 30 % is the same for both in a round, and does not show.
  EXPECT_NEAR(group.rows[1].wall->ratio.value, 1.2, 0.02);
}

TEST(OverheadAnalysis, ADifferenceWithinTheControlsSpreadIsNone) {
  RecordBuilder builder;
  builder.cell("integer", "bare", 1000, 0.001)
      .cell("integer", "docker", 1050, 0.001)
      .cell("integer", "control", 1080, 0.001);
  EXPECT_FALSE(analyse(builder.record).groups[0].rows[0].wall->differs);
}

TEST(OverheadAnalysis, WithoutAControlThereIsNoVerdict) {
  RecordBuilder builder;
  builder.cell("integer", "bare", 1000, 0.001).cell("integer", "docker", 2000, 0.001);
  const Analysis analysis = analyse(builder.record);
  EXPECT_TRUE(std::isinf(analysis.groups[0].floor_wall));
  EXPECT_FALSE(analysis.groups[0].rows[0].wall->differs);
}

TEST(OverheadAnalysis, FewRoundsHaveNoRatioButAReason) {
  RecordBuilder builder = usual();
  builder.record.cells[2].samples.resize(4);
  const Row row = analyse(builder.record).groups[0].rows[1];
  EXPECT_FALSE(row.wall);
  EXPECT_EQ(row.reason, "only 4 rounds");
}

TEST(OverheadAnalysis, AStartHasNoCpuTime) {
  RecordBuilder builder;
  builder.cell("start", "bare", 1000, 0.01, 0)
      .cell("start", "docker", 9000, 0.01, 0)
      .cell("start", "control", 1000, 0.01, 0);
  const Group group = analyse(builder.record).groups[0];
  EXPECT_FALSE(group.baseline_cpu_ns);
  EXPECT_FALSE(group.rows[0].cpu);
  EXPECT_TRUE(group.rows[0].wall->differs);
}

TEST(OverheadAnalysis, TheCgroupsClockIsComparedWithTheProcesses) {
  const Analysis analysis = analyse(usual().record);
  ASSERT_EQ(analysis.clocks.size(), 2U);  // bare and control have no cgroup of their own
  EXPECT_EQ(analysis.clocks[0].mode, "cgroup");
  EXPECT_DOUBLE_EQ(analysis.clocks[0].cgroup_over_own, 1.01);
}

TEST(OverheadCompare, TheSameRecordHasNotChanged) {
  const Record record = usual().record;
  const RunComparison comparison = compare(record, record);
  EXPECT_THAT(comparison.refusals, IsEmpty());
  EXPECT_THAT(comparison.differing, IsEmpty());
  ASSERT_EQ(comparison.changes.size(), 2U);
  for (const Change& change : comparison.changes) EXPECT_FALSE(change.change.differs) << change.label;
}

TEST(OverheadCompare, AChangeIsFoundAndDifferingFactsAreReported) {
  RecordBuilder later;
  later.cell("integer", "bare", 1000, 0.01)
      .cell("integer", "docker", 1500, 0.01)
      .cell("integer", "control", 1000, 0.01);
  later.record.facts["kernel"] = "Linux 6.19";
  const RunComparison comparison = compare(usual().record, later.record);
  EXPECT_THAT(comparison.differing, ElementsAre("kernel: Linux 6.18 -> Linux 6.19"));
  EXPECT_THAT(comparison.only_in_one, ElementsAre("integer in cgroup"));
  ASSERT_EQ(comparison.changes.size(), 1U);
  EXPECT_TRUE(comparison.changes[0].change.differs);
  EXPECT_NEAR(comparison.changes[0].change.ratio.value, 1.25, 0.03);
}

TEST(OverheadCompare, UnlikeMachinesAndMethodsAreRefused) {
  Record other = usual().record;
  other.facts["cpu"] = "Another CPU";
  other.duration_ns *= 2;
  const RunComparison comparison = compare(usual().record, other);
  EXPECT_THAT(comparison.refusals, Contains("cpu: Test CPU -> Another CPU"));
  EXPECT_THAT(comparison.refusals, Contains(HasSubstr("length of a measurement")));
  EXPECT_THAT(comparison.changes, IsEmpty());
}

TEST(OverheadRecord, ComesBackFromJsonAsItWas) {
  RecordBuilder builder = usual();
  builder.waiting(12.5).others_use(0.3);
  builder.record.remarks = {"a remark"};
  builder.record.modes[2].reason = "why \"not\"";
  builder.record.modes[2].cgroups = {"/docker/abc"};
  const std::string text = to_json(builder.record);
  const Record record = from_json(text).value();
  EXPECT_EQ(to_json(record), text);
  EXPECT_NEAR(record.cells[2].samples[9].wall_ns, builder.record.cells[2].samples[9].wall_ns, 0.0005);
  EXPECT_NEAR(*record.cells[2].samples[9].cpu_ns, *builder.record.cells[2].samples[9].cpu_ns, 0.0005);
  EXPECT_EQ(record.cells[2].samples[9].cgroup_cpu_ns, 1'010'000U);
  EXPECT_NEAR(*record.cells[3].samples[9].wait_ns, 12.5 * 1.3, 0.0005);
  EXPECT_EQ(record.cells[2].samples[9].busy_ns, 120'000'000U);
  EXPECT_FALSE(record.cells[2].samples[9].wait_ns);
}

TEST(OverheadRecord, OtherFilesAreRefused) {
  for (const std::string text : {"", "[]", "{}", "{\"version\":2}", "nonsense", "{\"version\":1,\"run\":5}"}) {
    const auto record = from_json(text);
    ASSERT_FALSE(record) << text;
    EXPECT_THAT(record.error().text, HasSubstr("is not a report of 'tallyman overhead run'"));
  }
  RecordBuilder builder = usual();
  builder.record.cells[0].samples[0].wall_ns = -1;
  EXPECT_FALSE(from_json(to_json(builder.record)));
  EXPECT_THAT(read_record("/nonexistent").error().text, HasSubstr("/nonexistent: No such file"));
}

}  // namespace
}  // namespace tallyman::overhead
