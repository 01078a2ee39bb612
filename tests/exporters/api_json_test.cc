#include "exporters/api_json.h"

#include "collectors/model/utf8.h"
#include "exporters/api_stats.h"
#include "tests/support/snapshot_builder.h"

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include <limits>

namespace tallyman {
namespace {

namespace json = boost::json;
using test::SnapshotBuilder;
using test::workload_of;

enum Index { kCpu, kMemory, kLimit, kReceive, kUnknown };
constexpr MetricDefinition kMetrics[] = {
    {"container_cpu_usage_seconds_total", MetricType::kCounter, "seconds", Scale::kNanoseconds, "T.", "cpu", "-", "-"},
    {"container_memory_usage_bytes", MetricType::kGauge, "bytes", Scale::kUnits, "T.", "", "-", "-"},
    {"container_spec_memory_limit_bytes", MetricType::kGauge, "bytes", Scale::kUnits, "T.", "", "-", "-"},
    {"container_network_receive_bytes_total", MetricType::kCounter, "bytes", Scale::kUnits, "T.", "interface", "-",
     "-"},
    {"container_something", MetricType::kGauge, "", Scale::kUnits, "T.", "", "-", "-"},
};
const CatalogueEntry kTestCatalogue[] = {{&kMetrics[0], "cpu"},
                                         {&kMetrics[1], "memory"},
                                         {&kMetrics[2], "limits"},
                                         {&kMetrics[3], "network"},
                                         {&kMetrics[4], "x"}};
const MetricIndex kIndex{kTestCatalogue};

Workload web() {
  Workload workload = workload_of(WorkloadKind::kContainer, "/docker/0a1b", "web");
  workload.inode = 42;
  workload.runtime = "docker";
  workload.container_id = "0a1b";
  workload.seen_nsec = 1'700'000'000'000'000'000;
  ContainerMetadata& container = workload.container;
  container.name = "web";
  container.image = "nginx:1.25";
  container.labels = {{"com.docker.compose.project", "farm"}, {"tier", "front"}};
  container.created_nsec = 1'699'999'999'000'000'001;
  container.started_nsec = 1'700'000'000'123'456'789;
  container.init_pid = 4321;
  container.health = Health::kUnhealthy;
  container.restart_count = 3;
  container.network_mode = "bridge";
  container.ports = {{80, "tcp", "0.0.0.0", 8080}, {443, "tcp", "", 0}};
  container.networks = {{"bridge", "172.17.0.2", "", "02:42:ac:11:00:02", "172.17.0.1", {"web"}, {}}};
  container.links = {"/db:/web/db"};
  container.mounts = {{"volume", "/var/lib/docker/volumes/data/_data", "/data", "data", "local", true}};
  return workload;
}

SnapshotPtr snapshot_of(const Workload& workload) {
  return SnapshotBuilder(kTestCatalogue)
      .add(workload_of(WorkloadKind::kHost, "/", "host"), "id=\"/\"",
           [](SeriesWriter& w) {
             w.put(kCpu, {"total"}, 99'000'000'000);
             w.put(kMemory, 1'000);
           })
      .add(workload, "id=\"/docker/0a1b\"",
           [](SeriesWriter& w) {
             w.put(kCpu, {"cpu00"}, 1'250'000'000);
             w.put(kCpu, {"cpu01"}, 250'000'000);
             w.put(kMemory, 18'446'744'073'709'551'000U);
             w.put(kLimit, 0);
             w.put(kReceive, {"eth0"}, 7);
             w.put(kReceive, {"eth\"1\\\n"}, 5);
           })
      .build(17);
}

const LabelFilter kAllLabels = LabelFilter::make(".").value();

json::object workload_object(const Snapshot* snapshot, const Workload& workload) {
  return json::parse(workload_json(snapshot, workload, kAllLabels, {}, kIndex)).as_object();
}

TEST(WorkloadsJson, HasTheKnownFacts) {
  const Workload workload = web();
  const SnapshotPtr snapshot = snapshot_of(workload);
  const WorkloadList list{std::make_shared<Workload>(workload)};
  const json::value parsed = json::parse(workloads_json(snapshot.get(), list, kAllLabels, kIndex));
  EXPECT_EQ(parsed.at("sequence").to_number<int>(), 17);
  EXPECT_EQ(parsed.at("time").as_string(), "2023-11-14T22:13:37.000000000Z");
  ASSERT_EQ(parsed.at("workloads").as_array().size(), 1U);
  const json::object& one = parsed.at("workloads").as_array()[0].as_object();
  EXPECT_EQ(one.at("id").as_string(), "/docker/0a1b");
  EXPECT_EQ(one.at("kind").as_string(), "container");
  EXPECT_EQ(one.at("workload").as_string(), "web");
  EXPECT_EQ(one.at("runtime").as_string(), "docker");
  EXPECT_EQ(one.at("container_id").as_string(), "0a1b");
  EXPECT_EQ(one.at("name").as_string(), "web");
  EXPECT_EQ(one.at("image").as_string(), "nginx:1.25");
  EXPECT_EQ(one.at("labels").at("com.docker.compose.project").as_string(), "farm");
  EXPECT_EQ(one.at("created").as_string(), "2023-11-14T22:13:19.000000001Z");
  EXPECT_EQ(one.at("started").as_string(), "2023-11-14T22:13:20.123456789Z");
  EXPECT_EQ(one.at("health").as_string(), "unhealthy");
  EXPECT_EQ(one.at("restart_count").to_number<int>(), 3);
  EXPECT_EQ(one.at("network_mode").as_string(), "bridge");
  EXPECT_EQ(one.at("ports").as_array()[0].at("host_port").to_number<int>(), 8080);
  EXPECT_FALSE(one.at("ports").as_array()[1].as_object().contains("host_port"));
  EXPECT_EQ(one.at("networks").as_array()[0].at("aliases").as_array()[0].as_string(), "web");
  EXPECT_EQ(one.at("links").as_array()[0].as_string(), "/db:/web/db");
  EXPECT_TRUE(one.at("mounts").as_array()[0].at("read_only").as_bool());
}

TEST(WorkloadsJson, HasItsGroups) {
  Workload workload = workload_of(WorkloadKind::kContainer, "/system.slice/docker-0a1b.scope", "web");
  workload.container.labels = {{"com.docker.compose.project", "farm"},
                               {"com.docker.compose.service", "web"},
                               {"com.docker.compose.container-number", "2"},
                               {"com.docker.compose.oneoff", "True"},
                               {"com.docker.swarm.service.name", "farm_web"},
                               {"com.docker.swarm.task.name", "farm_web.1.x"},
                               {"com.docker.swarm.node.id", "n"},
                               {"com.docker.stack.namespace", "farm"}};
  workload.container.kubernetes = {"app", "web-1", "shop", "u"};
  workload.inside = "/lxc.payload.box";
  workload.user = 1000;
  workload.ecs_task = "0f1e";
  const json::object one = workload_object(nullptr, workload);
  EXPECT_EQ(json::serialize(one.at("compose")), R"({"project":"farm","service":"web","number":2,"oneoff":true})");
  EXPECT_EQ(json::serialize(one.at("swarm")),
            R"({"stack":"farm","service":"farm_web","task":"farm_web.1.x","node":"n"})");
  EXPECT_EQ(one.at("pod").as_string(), "web-1");
  EXPECT_EQ(one.at("namespace").as_string(), "shop");
  EXPECT_EQ(one.at("container").as_string(), "app");
  EXPECT_EQ(one.at("inside").as_string(), "/lxc.payload.box");
  EXPECT_FALSE(one.contains("qos"));
  EXPECT_EQ(one.at("ecs_task").as_string(), "0f1e");
  EXPECT_EQ(one.at("slice").as_string(), "system.slice");
  EXPECT_EQ(one.at("user").to_number<int>(), 1000);
  const json::object plain = workload_object(nullptr, workload_of(WorkloadKind::kContainer, "/docker/a", "a"));
  for (const char* key :
       {"compose", "swarm", "pod", "namespace", "ecs_task", "slice", "user", "inside", "container", "started_by"})
    EXPECT_FALSE(plain.contains(key)) << key;
}

TEST(WorkloadsJson, HasPodsAndUnits) {
  Workload pod = workload_of(WorkloadKind::kPod, "/kubepods/podu", "web-1");
  pod.pod = {"web-1", "shop", "u", "guaranteed", true};
  const json::object object = workload_object(nullptr, pod);
  EXPECT_EQ(object.at("pod").as_string(), "web-1");
  EXPECT_EQ(object.at("pod_uid").as_string(), "u");
  EXPECT_EQ(object.at("qos").as_string(), "guaranteed");
  EXPECT_TRUE(object.at("static_pod").as_bool());
  Workload unit = workload_of(WorkloadKind::kService, "/system.slice/cron.service", "cron.service");
  unit.unit = {"systemd", 1'700'000'000'123'456'789};
  const json::object service = workload_object(nullptr, unit);
  EXPECT_EQ(service.at("started_by").as_string(), "systemd");
  EXPECT_EQ(service.at("started").as_string(), "2023-11-14T22:13:20.123456789Z");
  EXPECT_EQ(service.at("slice").as_string(), "system.slice");
}

TEST(WorkloadsJson, SumsItsStatsAndLeavesOutUnsetOnes) {
  const Workload workload = web();
  const SnapshotPtr snapshot = snapshot_of(workload);
  const json::object stats = workload_object(snapshot.get(), workload).at("stats").as_object();
  EXPECT_DOUBLE_EQ(stats.at("cpu_usage_seconds").as_double(), 1.5);
  EXPECT_EQ(stats.at("memory_usage_bytes").as_uint64(), 18'446'744'073'709'551'000U);
  EXPECT_EQ(stats.at("network_receive_bytes").to_number<int>(), 12);
  EXPECT_FALSE(stats.contains("memory_limit_bytes"));
  EXPECT_FALSE(stats.contains("network_transmit_bytes"));
  EXPECT_FALSE(stats.contains("threads"));
}

TEST(WorkloadJson, HasItsProcessesAndNamespaces) {
  WorkloadProcesses processes;
  processes.programs = {{"php\xff", 2, 3, 4096, 1'500'000'000}};
  processes.namespaces = {{"net", "4026532001", "shared", {"db"}}, {"user", "4026531837", "host", {}}};
  const json::value parsed = json::parse(workload_json(nullptr, web(), kAllLabels, processes, kIndex));
  const json::object& program = parsed.at("processes").as_array()[0].as_object();
  EXPECT_EQ(program.at("executable").as_string(), "php\\xff");
  EXPECT_EQ(program.at("processes").to_number<int>(), 2);
  EXPECT_DOUBLE_EQ(program.at("cpu_seconds").as_double(), 1.5);
  const json::array& namespaces = parsed.at("namespaces").as_array();
  EXPECT_EQ(namespaces[0].at("sharing").as_string(), "shared");
  EXPECT_EQ(namespaces[0].at("with").as_array()[0].as_string(), "db");
  EXPECT_FALSE(namespaces[1].as_object().contains("with"));
  EXPECT_FALSE(workload_object(nullptr, web()).contains("processes"));
}

TEST(WorkloadJson, ListsEverySeriesWithItsOwnLabels) {
  const Workload workload = web();
  const SnapshotPtr snapshot = snapshot_of(workload);
  const json::array series = workload_object(snapshot.get(), workload).at("series").as_array();
  ASSERT_EQ(series.size(), 6U);
  EXPECT_EQ(series[0].at("name").as_string(), "container_cpu_usage_seconds_total");
  EXPECT_EQ(series[0].at("labels").at("cpu").as_string(), "cpu00");
  EXPECT_DOUBLE_EQ(series[0].at("value").as_double(), 1.25);
  EXPECT_FALSE(series[2].as_object().contains("labels"));
  EXPECT_EQ(series[5].at("labels").at("interface").as_string(), "eth\"1\\\n");
}

TEST(WorkloadJson, TakesNothingFromAnEarlierCgroupOfThatPath) {
  const Workload before = web();
  const SnapshotPtr snapshot = snapshot_of(before);
  Workload now = before;
  now.inode = 43;
  const json::object object = workload_object(snapshot.get(), now);
  EXPECT_FALSE(object.contains("stats"));
  EXPECT_TRUE(object.at("series").as_array().empty());
}

TEST(WorkloadJson, WorksWithoutASnapshot) {
  const json::object object = workload_object(nullptr, web());
  EXPECT_FALSE(object.contains("sequence"));
  EXPECT_FALSE(object.contains("stats"));
  EXPECT_FALSE(object.contains("series"));
  EXPECT_EQ(object.at("name").as_string(), "web");
  EXPECT_EQ(workloads_json(nullptr, {}, kAllLabels, kIndex), "{\"workloads\":[]}");
}

TEST(WorkloadJson, LeavesOutWhatABareCgroupDoesNotHave) {
  const json::object object = workload_object(nullptr, workload_of(WorkloadKind::kService, "/s", "s.service"));
  EXPECT_EQ(json::serialize(object), R"({"id":"/s","kind":"service","workload":"s.service"})");
}

TEST(WorkloadJson, HasOnlyTheLabelsThatMetricsHave) {
  Workload workload = web();
  workload.container.labels["DB_PASSWORD"] = "hunter2";
  const LabelFilter compose = LabelFilter::make("^com\\.docker\\.compose\\.").value();
  const WorkloadList list{std::make_shared<Workload>(workload)};
  for (const std::string& text : {workload_json(nullptr, workload, compose), workloads_json(nullptr, list, compose),
                                  workload_identity_json(workload, compose)}) {
    EXPECT_EQ(text.find("hunter2"), std::string::npos) << text;
    EXPECT_EQ(text.find("tier"), std::string::npos) << text;
    EXPECT_NE(text.find("\"com.docker.compose.project\":\"farm\""), std::string::npos) << text;
  }
  EXPECT_EQ(workload_identity_json(workload, {}).find("\"labels\""), std::string::npos);
}

TEST(WorkloadJson, MakesValidJsonOfHostileTexts) {
  std::string hostile;
  for (int i = 0; i < 256; ++i) hostile += static_cast<char>(i);
  hostile += "\xED\xA0\x80</script>";
  Workload workload = web();
  workload.id = workload.workload = hostile;
  ContainerMetadata& container = workload.container;
  container.name = container.image = container.network_mode = hostile;
  container.labels = {{hostile, hostile}, {"", ""}};
  container.links = {hostile};
  container.networks = {{hostile, hostile, hostile, hostile, hostile, {hostile}, {hostile}}};
  container.mounts = {{hostile, hostile, hostile, hostile, hostile, false}};
  container.ports = {{1, hostile, hostile, 2}};
  const SnapshotPtr snapshot = snapshot_of(workload);
  json::parse_options strict;
  strict.allow_invalid_utf8 = false;
  const std::string text = workload_json(snapshot.get(), workload, kAllLabels, {}, kIndex);
  EXPECT_EQ(valid_utf8(text), text);
  const json::value parsed = json::parse(text, {}, strict);
  EXPECT_EQ(parsed.at("name").as_string(), valid_utf8(hostile));
  for (char c : text) ASSERT_FALSE(static_cast<unsigned char>(c) < 0x20);
}

TEST(HostJson, HasFactsTotalsAndTheNumberOfWorkloads) {
  const Workload host = workload_of(WorkloadKind::kHost, "/", "host");
  const WorkloadList list{std::make_shared<Workload>(host), std::make_shared<Workload>(web()),
                          std::make_shared<Workload>(workload_of(WorkloadKind::kService, "/s", "s"))};
  HostFacts facts;
  facts.agent_version = "1.2.3";
  facts.cgroup_mode = "hybrid";
  facts.cpu_cores = 2;
  facts.memory_bytes = 8'000'000'000;
  facts.boot_time_seconds = 1'700'000'000;
  facts.load_average = {6.12, 5.8, 4.97};
  const SnapshotPtr snapshot = snapshot_of(web());
  const json::object object = json::parse(host_json(snapshot.get(), list, facts, kIndex)).as_object();
  EXPECT_EQ(object.at("agent_version").as_string(), "1.2.3");
  EXPECT_EQ(object.at("cgroup_mode").as_string(), "hybrid");
  EXPECT_EQ(object.at("cpu_cores").to_number<int>(), 2);
  EXPECT_FALSE(object.contains("sockets"));
  EXPECT_FALSE(object.contains("machine_id"));
  EXPECT_EQ(object.at("memory_bytes").to_number<std::uint64_t>(), 8'000'000'000U);
  EXPECT_EQ(object.at("load_average"), json::array({6.12, 5.8, 4.97}));
  EXPECT_EQ(object.at("booted").as_string(), "2023-11-14T22:13:20.000000000Z");
  EXPECT_EQ(object.at("workloads").at("container").to_number<int>(), 1);
  EXPECT_EQ(object.at("workloads").at("service").to_number<int>(), 1);
  EXPECT_DOUBLE_EQ(object.at("stats").at("cpu_usage_seconds").as_double(), 99);
}

TEST(CurrentStats, AreMadeOfMetricsThatTheCatalogueHas) {
  std::vector<std::uint64_t> values;
  SnapshotBuilder builder;
  builder.add(workload_of(WorkloadKind::kHost, "/", "host"), "", [](SeriesWriter& writer) {
    for (std::size_t id = 0; id < catalogue().size(); ++id) {
      writer.begin(static_cast<MetricId>(id));
      writer.put(0, 1);
    }
  });
  const auto snapshot = builder.build();
  const BlockIndex blocks(snapshot.get());
  const auto stats =
      current_stats(*snapshot, blocks.of(workload_of(WorkloadKind::kHost, "/", "host")), MetricIndex::of_catalogue());
  EXPECT_EQ(stats.size(), 29U) << "a stat names a metric that no collector has";
}

TEST(ParseLabels, UndoesTheEscapes) {
  std::string text = "a=\"";
  append_escaped_label(text, "x\"y\\z\n,b=\"");
  text += "\",c=\"\xE2\x82\xAC\"";
  const auto labels = parse_labels(text);
  ASSERT_EQ(labels.size(), 2U);
  EXPECT_EQ(labels[0].first, "a");
  EXPECT_EQ(labels[0].second, "x\"y\\z\n,b=\"");
  EXPECT_EQ(labels[1].first, "c");
  EXPECT_EQ(labels[1].second, "\xE2\x82\xAC");
  EXPECT_TRUE(parse_labels("").empty());
}

}  // namespace
}  // namespace tallyman
