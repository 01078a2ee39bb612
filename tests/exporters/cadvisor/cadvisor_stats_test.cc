#include "exporters/cadvisor/cadvisor_stats.h"

#include "collectors/model/catalogue.h"
#include "exporters/api_stats.h"
#include "exporters/cadvisor/cadvisor_container.h"
#include "exporters/cadvisor/cadvisor_events.h"
#include "exporters/cadvisor/cadvisor_stats_v2.h"
#include "tests/support/snapshot_builder.h"

#include <gmock/gmock.h>
#include <boost/json.hpp>

namespace tallyman {
namespace {

namespace json = boost::json;
using test::SnapshotBuilder;
using test::workload_of;
using testing::ElementsAre;
using testing::IsEmpty;

void put(SeriesWriter& writer, std::string_view metric, std::initializer_list<std::string_view> labels,
         std::uint64_t number) {
  const auto id = MetricIndex::of_catalogue().find(metric);
  ASSERT_TRUE(id) << metric;
  writer.put(*id, labels, number);
}

Workload web_container() {
  Workload workload = workload_of(WorkloadKind::kContainer, "/docker/0a1b2c", "web");
  workload.runtime = "docker";
  workload.container_id = "0a1b2c";
  workload.container.name = "web";
  workload.container.image = "nginx:1.27";
  workload.container.labels = {{"team", "a"}, {"password", "x"}};
  workload.container.environment = {{"APP_VERSION", "1.2"}};
  workload.container.created_nsec = 1'700'000'000'000'000'001;
  workload.container.restart_count = 2;
  return workload;
}

// `more` nanoseconds of CPU time beyond a second.
SnapshotPtr snapshot(std::uint64_t sequence = 1, std::uint64_t more = 0) {
  return SnapshotBuilder()
      .add(web_container(), "id=\"/docker/0a1b2c\"",
           [more](SeriesWriter& w) {
             put(w, "container_cpu_usage_seconds_total", {"cpu00"}, 600'000'000 + more);
             put(w, "container_cpu_usage_seconds_total", {"cpu01"}, 400'000'000);
             put(w, "container_cpu_user_seconds_total", {}, 700'000'000 + more);
             put(w, "container_cpu_system_seconds_total", {}, 300'000'000);
             put(w, "container_memory_usage_bytes", {}, 4'096);
             put(w, "container_memory_failures_total", {"pgfault", "container"}, 7);
             put(w, "container_memory_failures_total", {"pgmajfault", "hierarchy"}, 8);
             put(w, "container_network_receive_bytes_total", {"eth0"}, 10);
             put(w, "container_network_receive_bytes_total", {"eth1"}, 20);
             put(w, "container_network_transmit_bytes_total", {"eth0"}, 30);
             put(w, "container_fs_reads_total", {"/dev/vda"}, 3);
             put(w, "container_blkio_device_usage_total", {"/dev/vda", "254", "0", "Read"}, 512);
             put(w, "container_fs_usage_bytes", {"/dev/vda"}, 100);
             put(w, "container_fs_layer_bytes", {"/dev/vda", "walk"}, 60);
             put(w, "container_threads", {}, 5);
             put(w, "container_threads_max", {}, 0);
             put(w, "container_spec_cpu_shares", {}, 512);
             put(w, "container_spec_memory_limit_bytes", {}, 0);
           })
      .build(sequence);
}

SampledWorkload sampled(const SnapshotPtr& taken) { return {taken.get(), BlockIndex(taken.get()).of(web_container())}; }

TEST(CadvisorStats, ASampleHasCadvisorsMembersAndTheKernelsNumbers) {
  const SnapshotPtr taken = snapshot();
  const json::object stats = cadvisor_sample(sampled(taken)).stats;
  EXPECT_EQ(stats.at("timestamp"), "2023-11-14T22:13:21.000000000Z");
  EXPECT_EQ(
      json::serialize(stats.at("cpu")),
      R"({"usage":{"per_cpu_usage":[600000000,400000000],"total":1000000000,"user":700000000,"system":300000000}})");
  EXPECT_EQ(json::serialize(stats.at("memory")),
            R"({"usage":4096,"container_data":{"pgfault":7},"hierarchical_data":{"pgmajfault":8}})");
  EXPECT_EQ(json::serialize(stats.at("network").at("interfaces")),
            R"([{"name":"eth0","rx_bytes":10,"tx_bytes":30},{"name":"eth1","rx_bytes":20}])");
  EXPECT_EQ(stats.at("network").at("rx_bytes"), 10) << "the first interface stands in the object itself too";
  EXPECT_EQ(json::serialize(stats.at("diskio").at("io_serviced")),
            R"([{"device":"/dev/vda","stats":{"Read":3},"major":254,"minor":0}])");
  EXPECT_EQ(json::serialize(stats.at("diskio").at("io_service_bytes")),
            R"([{"device":"/dev/vda","major":254,"minor":0,"stats":{"Read":512}}])");
  EXPECT_EQ(json::serialize(stats.at("filesystem")),
            R"([{"device":"/dev/vda","usage":100,"base_usage":60,"type":"vfs","has_inodes":false}])");
  EXPECT_FALSE(stats.contains("oom_events")) << "what is not known is absent";
}

TEST(CadvisorStats, OfV2HaveWhatWasUsedASecond) {
  const SnapshotPtr first = snapshot(1), second = snapshot(3, 500'000'000);
  const CadvisorSample before = cadvisor_sample(sampled(first)), now = cadvisor_sample(sampled(second));
  const json::object stats = cadvisor_stats_v2(now, &before);
  EXPECT_EQ(json::serialize(stats.at("cpu_inst")), R"({"usage":{"total":250000000,"user":250000000,"system":0}})");
  EXPECT_EQ(json::serialize(stats.at("filesystem")), R"({"totalUsageBytes":100,"baseUsageBytes":60})");
  EXPECT_FALSE(stats.at("network").get_object().contains("rx_bytes"));
  EXPECT_FALSE(cadvisor_stats_v2(now, nullptr).contains("cpu_inst"));
  EXPECT_FALSE(cadvisor_stats_v2(before, &now).contains("cpu_inst")) << "time runs forward";
  const json::object old = cadvisor_stats_v2_0(now, &before);
  EXPECT_EQ(old.at("has_cpu"), true);
  EXPECT_EQ(old.at("has_hugetlb"), false);
  EXPECT_EQ(old.at("has_network"), true);
  EXPECT_FALSE(cadvisor_machine_stats(now, &before).contains("diskio"));
}

TEST(CadvisorContainer, ItsNamesAndLimits) {
  const SnapshotPtr taken = snapshot();
  EXPECT_EQ(json::serialize(cadvisor_reference(web_container())),
            R"({"id":"0a1b2c","name":"/docker/0a1b2c","aliases":["web","0a1b2c"],"namespace":"docker"})");
  EXPECT_EQ(json::serialize(cadvisor_reference(workload_of(WorkloadKind::kHost, "/", "host"))), R"({"name":"/"})");
  const json::object spec = cadvisor_spec(web_container(), sampled(taken), LabelFilter::make("^team$").value());
  EXPECT_EQ(spec.at("creation_time"), "2023-11-14T22:13:20.000000001Z");
  EXPECT_EQ(json::serialize(spec.at("labels")), R"({"team":"a","restartcount":"2"})");
  EXPECT_EQ(json::serialize(spec.at("envs")), R"({"app_version":"1.2"})");
  EXPECT_EQ(spec.at("cpu").at("limit"), 512);
  EXPECT_EQ(spec.at("memory").at("limit"), std::numeric_limits<std::uint64_t>::max()) << "0 is no limit";
  EXPECT_EQ(spec.at("has_network"), true);
  EXPECT_EQ(spec.at("has_hugetlb"), false);
  EXPECT_EQ(spec.at("image"), "nginx:1.27");
  EXPECT_EQ(cadvisor_spec_v2(web_container(), sampled(taken), {}).at("namespace"), "docker");
  const json::object unknown = cadvisor_spec(web_container(), {nullptr, {}}, {});
  EXPECT_EQ(unknown.at("has_cpu"), false) << "before its first sample";
}

EventPtr event(const std::string& id, EventType type, std::uint64_t second,
               std::vector<std::pair<std::string_view, EventDetail>> details = {}) {
  auto one = std::make_shared<Event>();
  one->workload_id = id;
  one->type = type;
  one->time_nsec = second * 1'000'000'000;
  one->details = std::move(details);
  return one;
}

TEST(CadvisorEvents, AreOfTheKindsAndTheContainersThatAreAskedFor) {
  const std::vector<EventPtr> events = {
      event("/docker/b", EventType::kDied, 3, {{"exit_code", std::int64_t{1}}}),
      event("/docker/a", EventType::kStarted, 1),
      event("/docker/a", EventType::kOomKilled, 2,
            {{"pid", std::int64_t{7}}, {"process", std::string("sh")}, {"memory_limit_bytes", std::int64_t{8}}}),
      event("/other", EventType::kStarted, 4)};
  const CadvisorEventChoice all{true, true, true, true, "/", true};
  EXPECT_EQ(cadvisor_events(events, all, 0).size(), 5U) << "an OOM kill is an oom and an oomKill";
  const CadvisorEventChoice kills{.oom_kill = true, .name = "/docker", .subcontainers = true};
  EXPECT_EQ(json::serialize(cadvisor_events(events, kills, 10)),
            R"([{"container_name":"/docker/a","timestamp":"1970-01-01T00:00:02.000000000Z","event_type":"oomKill",)"
            R"("event_data":{"oom":{"pid":7,"process_name":"sh","constraint":"CONSTRAINT_MEMCG"}}}])");
  const CadvisorEventChoice ends{.deletion = true, .name = "/docker/b"};
  EXPECT_EQ(cadvisor_events(events, ends, 10).at(0).at("event_data").at("container_deletion").at("exit_code"), 1);
  EXPECT_THAT(cadvisor_events(events, {.creation = true}, 10), IsEmpty()) << "of / alone, which has none";
  const CadvisorEventChoice newest{.creation = true, .subcontainers = true};
  const json::array last = cadvisor_events(events, newest, 1);
  ASSERT_EQ(last.size(), 1U);
  EXPECT_EQ(last[0].at("container_name"), "/other");
}

}  // namespace
}  // namespace tallyman
