#include "collectors/sampling/snapshot_writer.h"

#include "tests/collectors/sampling/sampler_fixture.h"

namespace tallyman {
namespace {

TEST(SnapshotWriterTest, KeepsTheLayoutAsLongAsTheBlocksAreTheSame) {
  SnapshotWriter writer(collectors({"pids"}));
  const CgroupStats stats = threads(3);
  std::shared_ptr<const PlannedSeries> planned_a, planned_b;
  const WorkloadPtr a = workload("/a"), b = workload("/b");
  const auto write = [&](int second, bool with_b) {
    writer.begin(1);
    writer.add(a, Scope::kWorkload, "id=\"/a\"", {*a, stats, {}, nullptr, 0}, planned_a);
    if (with_b) {
      writer.add(b, Scope::kWorkload, "id=\"/b\"", {*b, stats, {}, nullptr, 0}, planned_b);
    }
    return writer.finish(at(second));
  };
  const SnapshotPtr first = write(0, true), second = write(1, true), third = write(2, false);
  EXPECT_EQ(first->layout, second->layout);
  EXPECT_NE(second->layout, third->layout);
  EXPECT_EQ(third->layout->blocks.size(), 1U);
  EXPECT_EQ(third->values.size(), third->layout->slots);
  EXPECT_EQ(third->sequence, 3U);
  EXPECT_EQ(third->steady_time, at(2).steady);
  EXPECT_EQ(writer.written(), 3U);
}

TEST(SnapshotWriterTest, CountsDuplicatesAcrossWorkloads) {
  SnapshotWriter writer(collectors({"pids"}));
  const CgroupStats stats = threads(3);
  std::shared_ptr<const PlannedSeries> planned_a, planned_b;
  const WorkloadPtr a = workload("/a"), b = workload("/b");
  const auto write = [&](std::string_view labels_of_b) {
    writer.begin(2);
    writer.add(a, Scope::kWorkload, "id=\"/a\"", {*a, stats, {}, nullptr, 0}, planned_a);
    writer.add(b, Scope::kWorkload, labels_of_b, {*b, stats, {}, nullptr, 0}, planned_b);
    return writer.finish(at(0))->layout->blocks.at(1).plan->series.size();
  };
  EXPECT_EQ(writer.duplicates(), 0U);
  const std::size_t series = write("id=\"/a\"");
  EXPECT_GT(series, 0U);
  EXPECT_EQ(writer.duplicates(), series);
  write("id=\"/a\"");
  EXPECT_EQ(writer.duplicates(), series);
  write("id=\"/b\"");
  EXPECT_EQ(writer.duplicates(), 0U);
}

TEST(SnapshotWriterTest, LeavesOutTheGaugesOfTheEnded) {
  SnapshotWriter writer(collectors({"pids", "lifecycle"}));
  const CgroupStats stats = threads(3);
  std::shared_ptr<const PlannedSeries> planned;
  const WorkloadPtr web = container("/docker/1", "web");
  writer.begin(1);
  writer.add(web, Scope::kWorkload, "id=\"/docker/1\"", {*web, stats, {}, nullptr, wall_nsec(5), true}, planned);
  const SnapshotPtr snapshot = writer.finish(at(9));
  const SeriesValues ended = series_of(*snapshot, snapshot->layout->blocks.at(0));
  EXPECT_EQ(ended.at("container_last_seen"), wall_nsec(5));
  EXPECT_FALSE(ended.contains("container_threads"));
  EXPECT_TRUE(snapshot->layout->blocks[0].ended);
}

}  // namespace
}  // namespace tallyman
