#include "agent/commands/list_command.h"

#include "exporters/api_json.h"
#include "tests/agent/service/small_host.h"
#include "tests/support/snapshot_builder.h"

#include <gmock/gmock.h>
#include <boost/json.hpp>

#include <map>
#include <sstream>

namespace tallyman {
namespace {

using test::SnapshotBuilder;
using test::workload_of;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Optional;
using ::testing::StartsWith;

constexpr std::uint64_t kMiB = 1 << 20;

// Counters and gauges by name. They are written in the catalogue's order.
using Figures = std::map<MetricId, std::uint64_t>;

MetricId metric(std::string_view name) { return MetricIndex::of_catalogue().find(name).value(); }

std::function<void(SeriesWriter&)> put(Figures figures) {
  return [figures = std::move(figures)](SeriesWriter& writer) {
    for (const auto& [id, value] : figures) {
      writer.put(id, value);
    }
  };
}

// The snapshots are one second apart, so differences are rates.
std::vector<UsageRow> rows_between(const Figures& before, const Figures& after) {
  const auto at = [](const Figures& figures, std::uint64_t sequence) {
    return SnapshotBuilder()
        .add(workload_of(WorkloadKind::kContainer, "/docker/a", "web"), "", put(figures))
        .build(sequence);
  };
  return usage_between(*at(before, 1), *at(after, 2));
}

TEST(Usage, OfProcessesIsOverTheTimeBetweenTwoScans) {
  const MetricId cpu = metric("container_cpu_usage_seconds_total");
  const MetricId shim = metric("container_runtime_cpu_seconds_total");
  const auto at = [&](std::uint64_t second, int scanned, std::uint64_t seconds) {
    const auto snapshot = SnapshotBuilder()
                              .add(workload_of(WorkloadKind::kProcess, "process:burn", "burn"), "",
                                   put({{cpu, seconds * 1'000'000'000}, {shim, seconds * 1'000'000'000}}))
                              .build(second);
    const auto time = snapshot->steady_time - std::chrono::seconds(second) + std::chrono::seconds(scanned);
    snapshot->read_times = {time};
    snapshot->processes_time = time - std::chrono::seconds(1);
    return snapshot;
  };
  const UsageRow usage = usage_between(*at(3, 3, 10), *at(4, 6, 13))[0];
  EXPECT_THAT(usage.cpu_cores, Optional(1.0)) << "three seconds, not one";
  EXPECT_THAT(usage.runtime_cpu_cores, Optional(1.0));
  EXPECT_FALSE(usage_between(*at(3, 3, 10), *at(4, 3, 10))[0].cpu_cores) << "no scan in between: unknown, not 0";
}

UsageRow row(std::string name, double cores, std::uint64_t memory, WorkloadKind kind = WorkloadKind::kContainer) {
  UsageRow row;
  row.workload = std::make_shared<Workload>(workload_of(kind, "/docker/" + name, name));
  row.cpu_cores = cores;
  row.memory_bytes = memory;
  row.threads = 3;
  return row;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    lines.push_back(line);
  }
  return lines;
}

std::vector<std::string> names_of(const std::vector<UsageRow>& rows) {
  std::vector<std::string> names;
  for (const UsageRow& one : rows) {
    names.push_back(one.workload->workload);
  }
  return names;
}

TEST(Usage, IsTheDifferenceOverTheTimeForCountersAndTheLastValueForGauges) {
  const MetricId cpu = metric("container_cpu_usage_seconds_total");
  const MetricId memory = metric("container_memory_working_set_bytes");
  const MetricId limit = metric("container_spec_memory_limit_bytes");
  const MetricId waiting = metric("container_pressure_cpu_waiting_seconds_total");
  const auto rows = rows_between({{cpu, 5'000'000'000}, {memory, 1}, {limit, 64 * kMiB}, {waiting, 100'000}},
                                 {{cpu, 6'500'000'000}, {memory, 32 * kMiB}, {limit, 64 * kMiB}, {waiting, 350'000}});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_THAT(rows[0].cpu_cores, Optional(1.5));
  EXPECT_THAT(rows[0].memory_bytes, Optional(32 * kMiB));
  EXPECT_THAT(rows[0].memory_limit_bytes, Optional(64 * kMiB));
  EXPECT_THAT(rows[0].cpu_pressure, Optional(0.25));
}

TEST(Usage, IsAbsentIfTheKernelReportsNoValue) {
  const auto rows = rows_between({}, {{metric("container_memory_working_set_bytes"), 1}});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_FALSE(rows[0].cpu_cores);
  EXPECT_FALSE(rows[0].io_bytes_per_second);
  EXPECT_FALSE(rows[0].network_bytes_per_second);
  EXPECT_FALSE(rows[0].threads);
  EXPECT_THAT(usage_table(rows, 80, true), HasSubstr(" - "));
}

TEST(Usage, ShowsTheRuntimesOwnProcessesOnWideTerminals) {
  const MetricId cpu = metric("container_runtime_cpu_seconds_total");
  const MetricId memory = metric("container_runtime_memory_rss_bytes");
  const auto rows = rows_between({{cpu, 0}, {memory, 1}}, {{cpu, 20'000'000}, {memory, 13 * kMiB}});
  EXPECT_THAT(rows[0].runtime_cpu_cores, Optional(0.02));
  const auto wide = lines_of(usage_table(rows, 120, true));
  EXPECT_THAT(wide[0], ::testing::EndsWith("RT CPU%  RT MEM"));
  EXPECT_THAT(wide[1], ::testing::EndsWith("    2.0 13.0MiB"));
  EXPECT_THAT(usage_table(rows, 80, true), Not(HasSubstr("RT")));
  EXPECT_THAT(usage_json(rows), HasSubstr("\"runtime_memory_bytes\":13631488"));
}

TEST(Usage, ShowsKernelMemoryAndTheLayerOnWiderTerminals) {
  const MetricId kernel = metric("container_memory_kernel_usage"), layer = metric("container_fs_layer_bytes");
  const auto rows = rows_between({}, {{kernel, 2 * kMiB}, {layer, 5 * kMiB}});
  const auto widest = lines_of(usage_table(rows, 130, true));
  EXPECT_THAT(widest[0], ::testing::EndsWith("RT CPU%  RT MEM    KMEM   LAYER"));
  EXPECT_THAT(widest[1], ::testing::EndsWith(" 2.00MiB 5.00MiB"));
  EXPECT_THAT(usage_table(rows, 120, true), Not(HasSubstr("KMEM")));
  EXPECT_THAT(usage_json(rows),
              AllOf(HasSubstr("\"kernel_memory_bytes\":2097152"), HasSubstr("\"layer_bytes\":5242880")));
}

TEST(Usage, IsAbsentForACounterThatFell) {
  const MetricId cpu = metric("container_cpu_usage_seconds_total");
  EXPECT_FALSE(rows_between({{cpu, 5}}, {{cpu, 4}})[0].cpu_cores);
}

TEST(Usage, IsAbsentForACgroupRecreatedAtTheSamePath) {
  const MetricId cpu = metric("container_cpu_usage_seconds_total");
  const auto at = [&](std::uint64_t inode, std::uint64_t used, std::uint64_t sequence) {
    Workload workload = workload_of(WorkloadKind::kContainer, "/docker/a", "web");
    workload.inode = inode;
    return SnapshotBuilder().add(std::move(workload), "", put({{cpu, used}})).build(sequence);
  };
  EXPECT_FALSE(usage_between(*at(1, 10, 1), *at(2, 20, 2))[0].cpu_cores);
  EXPECT_TRUE(usage_between(*at(1, 10, 1), *at(1, 20, 2))[0].cpu_cores);
}

TEST(Usage, LeavesOutEndedWorkloads) {
  const auto built =
      SnapshotBuilder().add(workload_of(WorkloadKind::kContainer, "/docker/a", "web"), "", put({}), true).build();
  EXPECT_TRUE(usage_between(*built, *built).empty());
}

TEST(SortRows, PutsTheLargestFirstAndNamesInOrder) {
  std::vector<UsageRow> rows = {row("b", 0.1, 30), row("c", 0.3, 10), row("a", 0.2, 20)};
  sort_rows(rows, "cpu");
  EXPECT_THAT(names_of(rows), ElementsAre("c", "a", "b"));
  sort_rows(rows, "memory");
  EXPECT_THAT(names_of(rows), ElementsAre("b", "a", "c"));
  sort_rows(rows, "name");
  EXPECT_THAT(names_of(rows), ElementsAre("a", "b", "c"));
}

TEST(SortRows, PutsTheUnknownLast) {
  std::vector<UsageRow> rows = {row("unknown", 0, 0), row("idle", 0, 0)};
  rows[0].cpu_cores.reset();
  sort_rows(rows, "cpu");
  EXPECT_THAT(names_of(rows), ElementsAre("idle", "unknown"));
}

TEST(HumanBytes, HaveThreeDigitsAndABinaryUnit) {
  EXPECT_EQ(human_bytes(0), "0B");
  EXPECT_EQ(human_bytes(999), "999B");
  EXPECT_EQ(human_bytes(1'000), "0.98KiB");
  EXPECT_EQ(human_bytes(1'536), "1.50KiB");
  EXPECT_EQ(human_bytes(64.0 * kMiB), "64.0MiB");
  EXPECT_EQ(human_bytes(1023.0 * kMiB), "1.00GiB");
  EXPECT_EQ(human_bytes(18446744073709551615.0), "16384PiB");
}

TEST(UsageTable, FitsItsWidth) {
  std::vector<UsageRow> rows = {row(std::string(200, 'n'), 12.345, 3 * kMiB), row("web", 0, 999 * kMiB)};
  rows[1].memory_limit_bytes = 999 * kMiB;
  rows[1].io_bytes_per_second = 999'000;
  rows[1].network_bytes_per_second = 999'000;
  for (const std::size_t width : {80U, 100U, 110U, 130U, 200U}) {
    for (const std::string& line : lines_of(usage_table(rows, width, false))) {
      EXPECT_LE(line.size(), width) << line;
    }
  }
  EXPECT_THAT(usage_table(rows, 80, false), AllOf(StartsWith("WORKLOAD"), HasSubstr("1234.5"), HasSubstr("3.00MiB")));
}

TEST(UsageTable, LeavesOutIdleSlicesUnlessAllAreWanted) {
  UsageRow idle = row("system.slice", 0, 0, WorkloadKind::kSlice);
  idle.threads = 0;
  EXPECT_THAT(usage_table({idle}, 80, false), Not(HasSubstr("system.slice")));
  EXPECT_THAT(usage_table({idle}, 80, true), HasSubstr("system.slice"));
  EXPECT_THAT(usage_table({row("cron.service", 0, 0, WorkloadKind::kService)}, 80, false), HasSubstr("cron.service"));
}

TEST(UsageTable, GivesNoControlBytesToTheTerminal) {
  EXPECT_THAT(usage_table({row("a\x1b[2Jb\x7f", 0, 0)}, 80, false),
              AllOf(HasSubstr("a\\x1b[2Jb\\x7f"), Not(HasSubstr("\x1b"))));
}

TEST(UsageTable, ShowsNoSliceBesideWhatItHolds) {
  const auto at = [](std::string id, WorkloadKind kind) {
    UsageRow one = row(id, 0.2, kMiB, kind);
    one.workload = std::make_shared<Workload>(workload_of(kind, id, id));
    return one;
  };
  const std::vector<UsageRow> rows = {at("/system.slice", WorkloadKind::kSlice),
                                      at("/system.slice/cron.service", WorkloadKind::kService),
                                      at("/system.slice-2", WorkloadKind::kSlice)};
  EXPECT_EQ(lines_of(usage_table(rows, 80, false)).size(), 3U);
  EXPECT_THAT(usage_table(rows, 80, false), Not(HasSubstr("/system.slice ")));
  EXPECT_EQ(lines_of(usage_table(rows, 80, true)).size(), 4U);
}

TEST(UsageJson, EscapesForTheTerminalAndKeepsTheIdsApart) {
  UsageRow one = row("a", 0, 0);
  one.workload = std::make_shared<Workload>(workload_of(WorkloadKind::kCgroup, "/a\xff\u009b", "/a\xff\u009b"));
  const std::string text = usage_json({one});
  EXPECT_THAT(text, Not(HasSubstr("\u009b")));
  EXPECT_EQ(boost::json::parse(text).as_array()[0].at("id").as_string(), "/a\\xff\u009b");
}

TEST(UsageJson, HasOneObjectPerRowWithNullForUnknownValues) {
  const auto list = boost::json::parse(usage_json({row("web", 0.5, 64)})).as_array();
  ASSERT_EQ(list.size(), 1U);
  const auto& one = list[0].as_object();
  EXPECT_EQ(one.at("workload").as_string(), "web");
  EXPECT_EQ(one.at("kind").as_string(), "container");
  EXPECT_EQ(one.at("cpu_cores").as_double(), 0.5);
  EXPECT_TRUE(one.at("io_bytes_per_second").is_null());
}

UsageRow member(std::string id, double cores, std::uint64_t memory, std::string project) {
  Workload workload = workload_of(WorkloadKind::kContainer, std::move(id), "c");
  workload.container.labels = {{"com.docker.compose.project", std::move(project)},
                               {"com.docker.compose.service", "web"}};
  UsageRow row;
  row.workload = std::make_shared<Workload>(std::move(workload));
  row.cpu_cores = cores;
  row.memory_bytes = memory;
  row.threads = 2;
  return row;
}

TEST(Grouped, SumsItsMembersAndLeavesTheOthersOut) {
  std::vector<UsageRow> rows = {member("/docker/a", 0.5, 10, "farm"), member("/docker/b", 0.25, 20, "farm"),
                                member("/docker/c", 1, 5, "shop"), row("plain", 3, 7)};
  rows[0].io_bytes_per_second = 100;
  rows[0].runtime_memory_bytes = 13;
  rows[1].runtime_memory_bytes = 12;
  rows[1].memory_limit_bytes = 64;
  rows[1].cpu_pressure = 0.5;
  const auto groups = grouped(rows, GroupBy::kProject);
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].name, "farm");
  EXPECT_EQ(groups[0].members.size(), 2U);
  EXPECT_THAT(groups[0].cpu_cores, Optional(0.75));
  EXPECT_THAT(groups[0].memory_bytes, Optional(30U));
  EXPECT_THAT(groups[0].io_bytes_per_second, Optional(100.0));
  EXPECT_THAT(groups[0].threads, Optional(4U));
  EXPECT_THAT(groups[0].runtime_memory_bytes, Optional(25U));
  EXPECT_FALSE(groups[0].network_bytes_per_second) << "no member has a value";
  EXPECT_FALSE(groups[0].memory_limit_bytes);
  EXPECT_FALSE(groups[0].cpu_pressure);
  EXPECT_EQ(groups[1].name, "shop");
}

TEST(Grouped, CountsNestedMembersOnceButEachNetwork) {
  std::vector<UsageRow> rows = {member("/kubepods/podu/sandbox", 0.1, 1, "farm"),
                                member("/kubepods/podu", 0.75, 30, "farm"),
                                member("/kubepods/podu/app/inner", 0.5, 9, "farm"),
                                member("/kubepods/podu-2", 1, 100, "farm")};  // no child: only spelled like one
  rows[0].network_bytes_per_second = 7;
  rows[3].network_bytes_per_second = 4;
  const auto groups = grouped(rows, GroupBy::kService);
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].name, "farm/web");
  EXPECT_THAT(groups[0].cpu_cores, Optional(1.75));
  EXPECT_THAT(groups[0].memory_bytes, Optional(130U));
  EXPECT_THAT(groups[0].network_bytes_per_second, Optional(11.0));
}

TEST(GroupTable, FitsItsWidthAndReportsAnEmptyGroup) {
  std::vector<UsageRow> rows;
  for (int i = 0; i < 1'000; ++i) {
    rows.push_back(member("/docker/" + std::to_string(i), 0.01, kMiB, std::string(200, 'p')));
  }
  const std::string table = group_table(grouped(rows, GroupBy::kProject), 80, GroupBy::kProject);
  for (const std::string& line : lines_of(table)) {
    EXPECT_LE(line.size(), 80U) << line;
  }
  EXPECT_THAT(
      table, AllOf(StartsWith("PROJECT (OF) "), HasSubstr("ppp (1000) "), HasSubstr(" 1000.0 "), HasSubstr("0.98GiB")));
  EXPECT_EQ(group_table({}, 80, GroupBy::kPod), "No workload here is in a pod.\n");
}

TEST(GroupJson, NamesTheMembers) {
  const auto list = boost::json::parse(group_json(
      grouped({member("/docker/a", 0.5, 10, "farm"), member("/docker/b", 0.5, 20, "farm")}, GroupBy::kProject),
      GroupBy::kProject));
  const auto& farm = list.as_array().at(0).as_object();
  EXPECT_EQ(farm.at("project").as_string(), "farm");
  EXPECT_EQ(farm.at("members").as_array().size(), 2U);
  EXPECT_EQ(farm.at("members").as_array()[1].as_string(), "/docker/b");
  EXPECT_EQ(farm.at("cpu_cores").as_double(), 1);
  EXPECT_TRUE(farm.at("memory_limit_bytes").is_null());
}

TEST(ListCommand, ShowsTheHostsContainersByName) {
  const SmallHost small;
  std::ostringstream out, err;
  ASSERT_EQ(run_list_command(small.options(), out, err), 0) << err.str();
  EXPECT_THAT(out.str(), AllOf(HasSubstr("\nweb "), HasSubstr("\ndb "), HasSubstr("/64.0MiB")));
  EXPECT_EQ(err.str(), "");
}

TEST(ListCommand, ShowsGroups) {
  const SmallHost small;
  Options options = small.options();
  options.list.group = "image";
  std::ostringstream out, err;
  ASSERT_EQ(run_list_command(options, out, err), 0) << err.str();
  EXPECT_THAT(out.str(),
              AllOf(StartsWith("IMAGE (OF) "), HasSubstr("\nfarm/web:1 (1) "), HasSubstr("\nfarm/db:1 (1) ")));
  options.list.group = "project";
  out.str("");
  ASSERT_EQ(run_list_command(options, out, err), 0) << err.str();
  EXPECT_EQ(out.str(), "No workload here is in a project.\n");
}

std::vector<std::string> chosen_names(const std::vector<std::string>& names, const std::string& kind = "any") {
  Options::List options;
  options.names = names;
  options.kind = kind;
  return names_of(
      selected({row("web-1", 0, 1), row("db", 0, 1), row("cron.service", 0, 1, WorkloadKind::kService)}, options));
}

TEST(ListCommand, NamesArePartsOfNamesAndIds) {
  EXPECT_THAT(chosen_names({}), ElementsAre("web-1", "db", "cron.service"));
  EXPECT_THAT(chosen_names({"web"}), ElementsAre("web-1"));
  EXPECT_THAT(chosen_names({"WEB", "ser"}), ElementsAre("web-1", "cron.service"));
  EXPECT_THAT(chosen_names({"/docker/d"}), ElementsAre("db"));
  EXPECT_THAT(chosen_names({"wbe"}), ElementsAre());
}

TEST(ListCommand, AKindIsOneOfAll) {
  EXPECT_THAT(chosen_names({}, "service"), ElementsAre("cron.service"));
  EXPECT_THAT(chosen_names({"web"}, "service"), ElementsAre());
  EXPECT_THAT(chosen_names({"web"}, "container"), ElementsAre("web-1"));
}

TEST(ListCommand, ShowsAnIdleOneThatIsAskedForAndNoticesIfThereIsNone) {
  const SmallHost small;
  Options options = small.options();
  options.list.kind = "slice";
  std::ostringstream out, err;
  EXPECT_EQ(run_list_command(options, out, err), 1);
  EXPECT_EQ(err.str(), "tallyman ls: no workload is like that\n");
  options.list.kind = "container";
  options.list.names = {"db"};
  out.str("");
  ASSERT_EQ(run_list_command(options, out, err), 0);
  EXPECT_THAT(out.str(), AllOf(HasSubstr("\ndb "), Not(HasSubstr("web "))));
}

TEST(ListCommand, NamesOfGroupsAreThoseOfTheGroups) {
  const SmallHost small;
  Options options = small.options();
  options.list.group = "image";
  options.list.names = {"farm/w"};
  std::ostringstream out, err;
  ASSERT_EQ(run_list_command(options, out, err), 0) << err.str();
  EXPECT_THAT(out.str(), AllOf(HasSubstr("\nfarm/web:1 (1) "), Not(HasSubstr("farm/db"))));
}

TEST(ListCommand, ExplainsAHostWithoutCgroups) {
  HostBuilder host;
  host.file("proc/1/mountinfo", "");
  Options options;
  options.root = host.root();
  options.list.source = "host";
  std::ostringstream out, err;
  EXPECT_EQ(run_list_command(options, out, err), 1);
  EXPECT_THAT(err.str(), StartsWith("tallyman ls: "));
  EXPECT_EQ(out.str(), "");
}

}  // namespace
}  // namespace tallyman
