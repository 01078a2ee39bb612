#include "collectors/model/history_fields.h"

#include "tests/support/snapshot_builder.h"

#include <gmock/gmock.h>

#include <set>

namespace tallyman {
namespace {

using ::testing::Optional;

// Puts a value for a metric by its name.
void put(SeriesWriter& writer, std::string_view metric, std::uint64_t value,
         std::initializer_list<std::string_view> labels = {}) {
  writer.begin(*find_metric(metric));
  labels.size() == 0 ? writer.put(0, value) : writer.put(0, labels, value);
}

HistoryRow read(const std::function<void(SeriesWriter&)>& write, bool expected = true) {
  test::SnapshotBuilder builder;
  builder.add(test::workload_of(WorkloadKind::kContainer, "/docker/a", "a"), "", write);
  const auto snapshot = builder.build();
  FieldReader reader;
  HistoryRow row{};
  EXPECT_EQ(reader.read(*snapshot, snapshot->layout->blocks[0], row), expected);
  return row;
}

std::uint64_t field(const HistoryRow& row, std::string_view name) { return row[*find_history_field(name)]; }

TEST(HistoryFields, HaveUniqueNames) {
  std::set<std::string_view> names;
  for (const HistoryField& one : history_fields()) {
    EXPECT_TRUE(names.insert(one.name).second) << one.name;
    EXPECT_FALSE(one.help.empty()) << one.name;
    EXPECT_GT(one.scale, 0) << one.name;
  }
  EXPECT_EQ(find_history_field("cpu"), std::nullopt);
}

TEST(FieldReader, CutsCountersOffAndRoundsGaugesToWhatTheKernelCounts) {
  const HistoryRow row = read([](SeriesWriter& writer) {
    put(writer, "container_cpu_usage_seconds_total", 1'234'567'899, {"total"});
    put(writer, "container_memory_usage_bytes", 3 * 4096 + 2048);
    put(writer, "container_memory_rss", 3 * 4096 + 2047);
  });
  EXPECT_EQ(field(row, "cpu_cores"), 1'234'567U);
  EXPECT_EQ(field(row, "memory_bytes"), 4U);
  EXPECT_EQ(field(row, "memory_anon_bytes"), 3U);
}

TEST(FieldReader, SumsDevicesInterfacesAndDirections) {
  const HistoryRow row = read([](SeriesWriter& writer) {
    put(writer, "container_fs_reads_total", 3, {"/dev/vda"});
    put(writer, "container_fs_reads_total", 4, {"/dev/vdb"});
    put(writer, "container_network_receive_errors_total", 1, {"eth0"});
    put(writer, "container_network_transmit_errors_total", 10, {"eth0"});
    put(writer, "container_network_transmit_errors_total", 100, {"eth1"});
  });
  EXPECT_EQ(field(row, "io_reads"), 7U);
  EXPECT_EQ(field(row, "net_errors"), 111U);
}

TEST(FieldReader, WhatIsNotKnownAndALimitThatIsNotSetAreAbsent) {
  const HistoryRow row = read([](SeriesWriter& writer) {
    put(writer, "container_spec_memory_limit_bytes", 0);
    put(writer, "container_memory_usage_bytes", 0);
    put(writer, "container_spec_cpu_period", 100'000);
  });
  EXPECT_EQ(field(row, "memory_limit_bytes"), kAbsent);
  EXPECT_EQ(field(row, "memory_bytes"), 0U);
  EXPECT_EQ(field(row, "cpu_limit_cores"), kAbsent);
  EXPECT_EQ(field(row, "pids"), kAbsent);
}

TEST(FieldReader, TheCpuLimitIsQuotaByPeriod) {
  const HistoryRow row = read([](SeriesWriter& writer) {
    put(writer, "container_spec_cpu_period", 100'000);
    put(writer, "container_spec_cpu_quota", 150'000);
  });
  const unsigned limit = *find_history_field("cpu_limit_cores");
  EXPECT_THAT(figure_between(limit, kAbsent, row[limit], 1), Optional(1.5));
}

TEST(FieldReader, TakesMajorFaultsOfTheWholeHierarchyAlone) {
  const HistoryRow row = read([](SeriesWriter& writer) {
    put(writer, "container_memory_failures_total", 1, {"pgfault", "container"});
    put(writer, "container_memory_failures_total", 2, {"pgfault", "hierarchy"});
    put(writer, "container_memory_failures_total", 4, {"pgmajfault", "container"});
    put(writer, "container_memory_failures_total", 8, {"pgmajfault", "hierarchy"});
  });
  EXPECT_EQ(field(row, "major_faults"), 8U);
}

TEST(FieldReader, ABlockWithoutAnyFieldIsNone) {
  read([](SeriesWriter& writer) { put(writer, "machine_cpu_cores", 2); }, false);
}

TEST(FieldReader, FollowsAPlanThatChanges) {
  FieldReader reader;
  HistoryRow row{};
  for (const bool more : {false, true}) {
    test::SnapshotBuilder builder;
    builder.add(test::workload_of(WorkloadKind::kContainer, "/docker/a", "a"), "", [&](SeriesWriter& writer) {
      if (more) put(writer, "container_memory_usage_bytes", 4096);
      put(writer, "container_threads", 5);
    });
    const auto snapshot = builder.build();
    ASSERT_TRUE(reader.read(*snapshot, snapshot->layout->blocks[0], row));
    EXPECT_EQ(field(row, "pids"), 5U);
    EXPECT_EQ(field(row, "memory_bytes"), more ? 1U : kAbsent);
  }
}

TEST(HistoryFields, EveryFieldHasAMetricOfTheCatalogue) {
  const HistoryRow row = read([](SeriesWriter& writer) {
    for (const CatalogueEntry& entry : catalogue()) {
      const std::string_view name = entry.definition->name;
      if (!name.starts_with("container_") || entry.definition->type == MetricType::kHistogram) continue;
      if (name == "container_memory_failures_total") {
        put(writer, name, 4096, {"pgmajfault", "hierarchy"});
      } else {
        put(writer, name, 4096);
      }
    }
  });
  for (const HistoryField& one : history_fields()) EXPECT_NE(field(row, one.name), kAbsent) << one.name;
}

TEST(FigureBetween, ShowsEachKindInItsUnit) {
  const unsigned cpu = *find_history_field("cpu_cores"), pages = *find_history_field("memory_bytes"),
                 kills = *find_history_field("oom_kills");
  EXPECT_THAT(figure_between(cpu, 1'000'000, 4'000'000, 2), Optional(1.5));
  EXPECT_THAT(figure_between(pages, kAbsent, 3, 2), Optional(3 * 4096.0));
  EXPECT_THAT(figure_between(kills, 1, 4, 2), Optional(3.0));
}

TEST(FigureBetween, IsEmptyWhereNothingCanBeSaid) {
  const unsigned cpu = *find_history_field("cpu_cores");
  EXPECT_EQ(figure_between(cpu, kAbsent, 4, 1), std::nullopt);
  EXPECT_EQ(figure_between(cpu, 4, kAbsent, 1), std::nullopt);
  EXPECT_EQ(figure_between(cpu, 4, 3, 1), std::nullopt);
  EXPECT_EQ(figure_between(cpu, 3, 4, 0), std::nullopt);
}

}  // namespace
}  // namespace tallyman
