#include "exporters/stream_json.h"

#include "tests/support/snapshot_builder.h"

#include <gmock/gmock.h>
#include <boost/json.hpp>

#include <optional>

namespace tallyman {
namespace {

namespace json = boost::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct Use {
  std::string id;
  double cpu_seconds = 0;
  std::uint64_t memory_limit = 0;
  bool ended = false;
  std::uint64_t inode = 1;
};

Snapshot snapshot_of(std::uint64_t sequence, const std::vector<Use>& uses,
                     const std::map<std::string, std::string>& labels = {}) {
  test::SnapshotBuilder builder;
  for (const Use& use : uses) {
    Workload workload = test::workload_of(WorkloadKind::kContainer, use.id, use.id.substr(1));
    workload.inode = use.inode;
    workload.container.labels = labels;
    const auto put = [&](SeriesWriter& writer) {
      writer.begin(*find_metric("container_cpu_usage_seconds_total"));
      writer.put(0, {"total"}, static_cast<std::uint64_t>(use.cpu_seconds * 1e9));
      writer.begin(*find_metric("container_memory_usage_bytes"));
      writer.put(0, 8192);
      writer.begin(*find_metric("container_spec_memory_limit_bytes"));
      writer.put(0, use.memory_limit);
    };
    builder.add(std::move(workload), "", put, use.ended);
  }
  return *builder.build(sequence);
}

const LabelFilter kAllLabels = LabelFilter::make(".").value();

// The value of one field in the row of one key; empty for null or a missing row.
std::optional<double> value(const std::string& sample, std::int64_t key, std::string_view field) {
  const auto parsed = json::parse(sample).as_object();
  const auto& fields = parsed.at("fields").as_array();
  for (const auto& row : parsed.at("rows").as_array()) {
    if (row.at(0).as_int64() != key) continue;
    EXPECT_EQ(row.as_array().size(), fields.size() + 1);
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (fields[i].as_string() != field || row.at(i + 1).is_null()) continue;
      return row.at(i + 1).to_number<double>();
    }
  }
  return std::nullopt;
}

std::vector<std::int64_t> keys(const std::string& workloads, std::string_view member) {
  std::vector<std::int64_t> found;
  const json::value parsed = json::parse(workloads);
  for (const auto& one : parsed.at(member).as_array()) {
    found.push_back(one.is_object() ? one.at("key").as_int64() : one.as_int64());
  }
  return found;
}

TEST(StreamJson, HelloHasTheIdentity) {
  const Snapshot snapshot = snapshot_of(7, {});
  EXPECT_EQ(stream_hello_json({"1.2", "b-o-o-t", 0.5}, &snapshot),
            R"({"sequence":7,"time":1.700000007E9,"interval_seconds":5E-1,"version":"1.2","boot_id":"b-o-o-t"})");
  EXPECT_EQ(stream_hello_json({"1.2", "", 1}, nullptr), R"({"interval_seconds":1E0,"version":"1.2"})");
}

TEST(StreamJson, RatesAreSinceThePreviousUpdate) {
  StreamEncoder encoder;
  const std::string first = encoder.update(snapshot_of(1, {{"/a", 10}}), kAllLabels).sample;
  EXPECT_EQ(value(first, 1, "cpu_cores"), std::nullopt);
  EXPECT_EQ(value(first, 1, "memory_bytes"), 8192);
  EXPECT_EQ(value(first, 1, "pids"), std::nullopt);
  const std::string second = encoder.update(snapshot_of(3, {{"/a", 13}}), kAllLabels).sample;
  EXPECT_EQ(value(second, 1, "cpu_cores"), 1.5);
  EXPECT_THAT(second, HasSubstr(R"("sequence":3,"time":1700000003,)"));
  const std::string reset = encoder.update(snapshot_of(4, {{"/a", 1}}), kAllLabels).sample;
  EXPECT_EQ(value(reset, 1, "cpu_cores"), std::nullopt);
}

// The scan of processes is rarer than the sample where there are many.
TEST(StreamJson, RatesOfProcessesAreOverTheTimeBetweenTwoScans) {
  StreamEncoder encoder;
  const auto cores_at = [&](int second, int scanned, double cpu_seconds) {
    test::SnapshotBuilder builder;
    builder.add(test::workload_of(WorkloadKind::kProcess, "process:burn", "burn"), "", [&](SeriesWriter& writer) {
      writer.begin(*find_metric("container_cpu_usage_seconds_total"));
      writer.put(0, {"total"}, static_cast<std::uint64_t>(cpu_seconds * 1e9));
      writer.begin(*find_metric("container_memory_usage_bytes"));
      writer.put(0, 4096 * static_cast<std::uint64_t>(second));
    });
    const auto snapshot = builder.build(static_cast<std::uint64_t>(second));
    snapshot->read_times = {snapshot->steady_time - std::chrono::seconds(second - scanned)};
    const std::string sample = encoder.update(*snapshot, kAllLabels).sample;
    EXPECT_EQ(value(sample, 1, "memory_bytes"), 4096 * second) << "gauges are as they are";
    return value(sample, 1, "cpu_cores");
  };
  EXPECT_EQ(cores_at(10, 10, 1), std::nullopt);
  EXPECT_EQ(cores_at(11, 10, 1), std::nullopt) << "never 0";
  EXPECT_EQ(cores_at(12, 12, 3), 1);
  EXPECT_EQ(cores_at(13, 12, 3), 1) << "the last rate";
  EXPECT_EQ(cores_at(14, 12, 3), 1);
  EXPECT_EQ(cores_at(15, 15, 6), 1) << "and no spike";
  EXPECT_EQ(cores_at(21, 20, 6), 0) << "after a late scan, too";
  EXPECT_EQ(cores_at(60, 20, 6), std::nullopt) << "a rate is not repeated for ever";
}

TEST(StreamJson, OnlyChangesAreSent) {
  StreamEncoder encoder;
  Snapshot now = snapshot_of(1, {{"/a"}, {"/b"}});
  EXPECT_THAT(keys(encoder.update(now, kAllLabels).workloads, "workloads"), ::testing::ElementsAre(1, 2));
  ++now.sequence;
  now.steady_time += std::chrono::seconds(1);
  EXPECT_THAT(encoder.update(now, kAllLabels).workloads, IsEmpty());
  const std::string changed = encoder.update(snapshot_of(3, {{"/b"}, {"/c"}}), kAllLabels).workloads;
  EXPECT_THAT(keys(changed, "removed"), ::testing::ElementsAre(1));
  EXPECT_THAT(keys(changed, "workloads"), ::testing::Contains(3));
  EXPECT_THAT(changed, HasSubstr(R"("full":false)"));
  EXPECT_THAT(keys(encoder.all_workloads(), "workloads"), ::testing::ElementsAre(2, 3));
  EXPECT_THAT(encoder.all_workloads(), HasSubstr(R"("full":true)"));
}

TEST(StreamJson, ALimitIsSentAgainWhenItChanges) {
  StreamEncoder encoder;
  EXPECT_THAT(encoder.update(snapshot_of(1, {{"/a", 0, 1 << 26}}), kAllLabels).workloads,
              HasSubstr(R"("limits":{"memory_bytes":67108864})"));
  EXPECT_THAT(encoder.update(snapshot_of(2, {{"/a", 0, 1 << 27}}), kAllLabels).workloads,
              HasSubstr(R"("limits":{"memory_bytes":134217728})"));
  EXPECT_THAT(encoder.update(snapshot_of(3, {{"/a", 0, 0}}), kAllLabels).workloads, Not(HasSubstr("limits")));
  test::SnapshotBuilder builder;
  builder.add(test::workload_of(WorkloadKind::kContainer, "/a", "a"), "", [](SeriesWriter& writer) {
    writer.begin(*find_metric("container_threads_max"));
    writer.put(0, 100);
    writer.begin(*find_metric("container_threads"));
    writer.put(0, 1);
  });
  EXPECT_THAT(encoder.update(*builder.build(5), kAllLabels).workloads, HasSubstr(R"("limits":{"pids":100})"));
}

TEST(StreamJson, ARecreatedCgroupHasANewKeyAndAnEndedOneNone) {
  StreamEncoder encoder;
  encoder.update(snapshot_of(1, {{"/a", 5}}), kAllLabels);
  const auto update = encoder.update(snapshot_of(2, {{"/a", 6, 0, false, 2}, {"/b", 0, 0, true}}), kAllLabels);
  EXPECT_THAT(keys(update.workloads, "removed"), ::testing::ElementsAre(1));
  EXPECT_THAT(keys(update.workloads, "workloads"), ::testing::ElementsAre(2));
  EXPECT_EQ(value(update.sample, 2, "cpu_cores"), std::nullopt);
}

TEST(StreamJson, AfterForgettingKeysStayAndRatesStartAgain) {
  StreamEncoder encoder;
  encoder.update(snapshot_of(1, {{"/a", 1}, {"/b", 1}}), kAllLabels);
  encoder.forget();
  const auto update = encoder.update(snapshot_of(9, {{"/b", 5}}), kAllLabels);
  EXPECT_EQ(value(update.sample, 2, "cpu_cores"), std::nullopt);
  EXPECT_EQ(value(update.sample, 2, "memory_bytes"), 8192);
  EXPECT_THAT(keys(encoder.all_workloads(), "workloads"), ::testing::ElementsAre(2));
}

TEST(StreamJson, AWorkloadIsSentAsInTheListOfAll) {
  StreamEncoder encoder;
  const std::map<std::string, std::string> labels{{"com.docker.compose.project", "far\"m\xff"},
                                                  {"com.docker.compose.service", "web"}};
  const json::value update = json::parse(encoder.update(snapshot_of(1, {{"/a"}}, labels), kAllLabels).workloads);
  const auto& one = update.at("workloads").at(0);
  EXPECT_EQ(one.at("compose").at("project").as_string(), "far\"m\\xff");
  EXPECT_EQ(one.at("compose").at("service").as_string(), "web");
  EXPECT_EQ(one.at("id").as_string(), "/a");
  EXPECT_FALSE(one.as_object().contains("stats"));
}

}  // namespace
}  // namespace tallyman
