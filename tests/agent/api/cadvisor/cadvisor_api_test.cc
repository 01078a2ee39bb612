// What is asked for and what is answered; the shapes are in tests/exporters/cadvisor.
#include "agent/api/cadvisor/cadvisor_api.h"

#include "agent/api/cadvisor/cadvisor_request.h"
#include "collectors/model/catalogue.h"
#include "tests/support/snapshot_builder.h"

#include <gmock/gmock.h>
#include <boost/json.hpp>

#include <algorithm>
#include <functional>
#include <limits>

namespace tallyman {
namespace {

namespace json = boost::json;
using test::SnapshotBuilder;
using test::workload_of;
using testing::ElementsAre;
using testing::HasSubstr;

Workload container(const std::string& id, const std::string& name, const std::string& runtime = "docker") {
  Workload workload = workload_of(WorkloadKind::kContainer, "/" + runtime + "/" + id, name);
  workload.runtime = runtime;
  workload.container_id = id;
  workload.container.name = name;
  return workload;
}

class CadvisorApi : public ::testing::Test {
 protected:
  CadvisorApi() {
    auto list = std::make_shared<WorkloadList>();
    SnapshotBuilder samples;
    const auto cpu = *MetricIndex::of_catalogue().find("container_cpu_usage_seconds_total");
    for (const Workload& one :
         {workload_of(WorkloadKind::kHost, "/", "host"), workload_of(WorkloadKind::kCgroup, "/docker", "/docker"),
          container("aaaa111122223333", "web"), container("bbbb22223333", "db"),
          container("cccc33334444", "pod", "podman"), workload_of(WorkloadKind::kProcess, "process:sshd", "sshd")}) {
      list->push_back(std::make_shared<Workload>(one));
      samples.add(one, "id=\"x\"", [&](SeriesWriter& writer) { writer.put(cpu, {"total"}, 5); });
    }
    state_.workloads = list;
    state_.before = samples.build(1);
    state_.now = samples.build(2);
    state_.labels = LabelFilter::make(".").value();
    state_.events = &log_;
    state_.event_stream = [this](auto lines) {
      lines_ = std::move(lines);
      return HttpResponse{};
    };
    state_.host.agent_version = "1.2.3";
    state_.host.cpu_cores = 4;
  }

  HttpResponse ask(const std::string& path, const std::string& body = "",
                   std::vector<std::pair<std::string, std::string>> query = {}) const {
    HttpRequest request;
    request.method = body.empty() ? "GET" : "POST";
    request.path = path;
    request.query = std::move(query);
    request.body = body;
    return cadvisor_response(request, state_);
  }
  json::value answer(const std::string& path, const std::string& body = "",
                     std::vector<std::pair<std::string, std::string>> query = {}) const {
    const HttpResponse response = ask(path, body, std::move(query));
    EXPECT_EQ(response.status, 200) << *response.body;
    EXPECT_EQ(response.content_type, "application/json");
    return json::parse(*response.body);
  }
  std::vector<std::string> keys(const std::string& path,
                                std::vector<std::pair<std::string, std::string>> query = {}) const {
    std::vector<std::string> names;
    const json::value all = answer(path, "", std::move(query));
    for (const auto& member : all.as_object()) names.emplace_back(member.key());
    return names;
  }

  EventLog log_{10};
  std::function<std::string(const Event&)> lines_;  // of the stream that was asked for last
  CadvisorState state_;
};

TEST_F(CadvisorApi, OneContainerWithItsChildrenAndSamples) {
  const json::value docker = answer("/api/v1.3/containers/docker");
  EXPECT_EQ(docker.at("name"), "/docker");
  EXPECT_EQ(docker.at("subcontainers").as_array().size(), 2U);
  EXPECT_EQ(docker.at("stats").as_array().size(), 2U);
  EXPECT_EQ(answer("/api/v1.3/containers/docker/", R"({"num_stats":1})").at("stats").as_array().size(), 1U);
  EXPECT_EQ(answer("/api/v1.3/containers/", R"({"num_stats":-1})").at("stats").as_array().size(), 2U);
  EXPECT_FALSE(answer("/api/v1.3/containers/", R"({"num_stats":0})").as_object().contains("stats"));
  EXPECT_EQ(answer("/api/v1.0/containers").at("subcontainers").as_array().size(), 1U) << "the direct ones";
}

TEST_F(CadvisorApi, SubcontainersAreAllBelowWithoutGroupsOfProcesses) {
  EXPECT_EQ(answer("/api/v1.1/subcontainers/docker").as_array().size(), 3U);
  EXPECT_EQ(answer("/api/v1.3/subcontainers").as_array().size(), 5U);
}

TEST_F(CadvisorApi, DockerContainersByNameAndId) {
  EXPECT_THAT(keys("/api/v1.3/docker/"), ElementsAre("/docker/aaaa111122223333", "/docker/bbbb22223333"));
  for (const std::string name : {"web", "aaaa111122223333", "aaaa11112222"}) {
    EXPECT_THAT(keys("/api/v1.2/docker/" + name), ElementsAre("/docker/aaaa111122223333")) << name;
  }
  EXPECT_EQ(ask("/api/v1.2/docker/pod").status, 404) << "Podman's";
  EXPECT_EQ(ask("/api/v1.2/docker/aaaa1111").status, 404) << "too short for an id";
}

TEST_F(CadvisorApi, V2NamesContainersInThreeWays) {
  EXPECT_THAT(keys("/api/v2.0/spec/web", {{"type", "docker"}}), ElementsAre("/docker/aaaa111122223333"));
  EXPECT_THAT(keys("/api/v2.1/stats/pod", {{"type", "podman"}}), ElementsAre("/podman/cccc33334444"));
  EXPECT_THAT(keys("/api/v2.0/stats/", {{"type", "docker"}}),
              ElementsAre("/docker/aaaa111122223333", "/docker/bbbb22223333"));
  EXPECT_THAT(keys("/api/v2.0/stats/docker", {{"recursive", "true"}}),
              ElementsAre("/docker", "/docker/aaaa111122223333", "/docker/bbbb22223333"));
  EXPECT_EQ(answer("/api/v2.0/stats/", "", {{"count", "1"}}).at("/").as_array().size(), 1U);
  EXPECT_TRUE(answer("/api/v2.1/stats/").as_object().empty()) << "the host's are machinestats";
  EXPECT_EQ(answer("/api/v2.1/machinestats").as_array().size(), 2U);
}

TEST_F(CadvisorApi, FactsOfTheMachine) {
  EXPECT_EQ(answer("/api/v1.3/machine").at("num_cores"), 4);
  EXPECT_EQ(answer("/api/v2.0/version"), "1.2.3");
  EXPECT_EQ(answer("/api/v2.1/attributes").at("cadvisor_version"), "1.2.3");
  EXPECT_TRUE(answer("/api/v2.0/storage").is_array());
  EXPECT_TRUE(answer("/api/v1.3/events", "", {{"all_events", "true"}}).is_array());
}

Event event_of(const std::string& id, EventType type, std::uint64_t time_nsec) {
  return Event::of(container(id, "web"), type, time_nsec, "it happened");
}

TEST_F(CadvisorApi, EventsBetweenTwoTimes) {
  for (const std::uint64_t second : {10U, 20U, 30U}) {
    log_.append(event_of("aaaa111122223333", EventType::kStarted, second * 1'000'000'000));
  }
  const auto times = [&](std::vector<std::pair<std::string, std::string>> query) {
    query.insert(query.end(), {{"creation_events", "true"}, {"subcontainers", "true"}});
    std::vector<std::string> found;
    const json::value events = answer("/api/v1.3/events", "", std::move(query));
    for (const json::value& one : events.as_array()) found.emplace_back(one.at("timestamp").as_string());
    return found;
  };
  EXPECT_EQ(times({}).size(), 3U);
  EXPECT_EQ(times({{"start_time", "1970-01-01T00:00:20Z"}}).size(), 2U);
  EXPECT_THAT(times({{"start_time", "1970-01-01T00:00:15Z"}, {"end_time", "1970-01-01T01:00:20+01:00"}}),
              ElementsAre("1970-01-01T00:00:20.000000000Z"));
}

TEST_F(CadvisorApi, AStreamHasALineForEachEventThatIsAskedFor) {
  ask("/api/v1.3/events/docker", "", {{"stream", "true"}, {"subcontainers", "true"}, {"deletion_events", "true"}});
  const std::string line = lines_(event_of("aaaa111122223333", EventType::kDied, 1));
  ASSERT_TRUE(line.ends_with("}\n")) << line;
  EXPECT_EQ(json::parse(line).at("container_name"), "/docker/aaaa111122223333");
  EXPECT_EQ(json::parse(line).at("event_type"), "containerDeletion");
  EXPECT_EQ(lines_(event_of("aaaa111122223333", EventType::kStarted, 1)), "") << "no creations";
  ask("/api/v2.0/events/docker", "", {{"stream", "true"}, {"all_events", "true"}});
  EXPECT_EQ(lines_(event_of("aaaa111122223333", EventType::kDied, 1)), "") << "of that cgroup alone";
  ask("/api/v1.3/events/", "", {{"stream", "true"}, {"all_events", "true"}, {"subcontainers", "true"}});
  const std::string two = lines_(event_of("aaaa111122223333", EventType::kOomKilled, 1));
  EXPECT_EQ(std::count(two.begin(), two.end(), '\n'), 2) << "an oom and an oomKill";
}

TEST_F(CadvisorApi, ASummaryHasWhatTheHistoryHas) {
  EXPECT_FALSE(answer("/api/v2.0/summary/docker").at("/docker").as_object().contains("minute_usage"));
  state_.history = [](const HistoryQuery& query) {
    EXPECT_EQ(query.workloads, std::vector<std::string>{"/docker"});
    HistoryAnswer answer{
        query.from, query.to, query.step, {{"/docker", query.fields[0], {}}, {"/docker", query.fields[1], {}}}};
    answer.series[0].points.emplace_back(query.from, 0.25);
    return answer;
  };
  const json::value summary = answer("/api/v2.0/summary/docker").at("/docker");
  for (const char* period : {"minute_usage", "hour_usage", "day_usage"}) {
    EXPECT_EQ(summary.at(period).at("cpu").at("max"), 250) << period;
    EXPECT_FALSE(summary.at(period).at("memory").at("present").as_bool()) << period;
  }
}

TEST_F(CadvisorApi, WhatItDoesNotHaveIsASentence) {
  const auto refused = [&](const std::string& path, const std::string& body = "",
                           std::vector<std::pair<std::string, std::string>> query = {}) {
    const HttpResponse response = ask(path, body, std::move(query));
    return std::to_string(response.status) + " " + *response.body;
  };
  EXPECT_THAT(refused("/api/v3.0/machine"), HasSubstr("404 unsupported API version v3.0"));
  EXPECT_THAT(refused("/api/v1.0/docker"), HasSubstr("404 unknown request type docker; there are: containers,machine"));
  EXPECT_THAT(refused("/api/v2.0/machinestats"), HasSubstr("404 unknown request type machinestats"));
  EXPECT_THAT(refused("/api/v1.3/"), HasSubstr("400 Supported request types"));
  EXPECT_THAT(refused("/api/v1.3/containers/none"), HasSubstr("404 failed to get container \"/none\""));
  for (const std::string body : {R"({"num_stats":-2})", R"({"num_stats":9223372036854775808})", R"({"num_stats":"1"})",
                                 R"({"num_stats":1.5})", "[]", "{", "\xff"}) {
    EXPECT_THAT(refused("/api/v1.3/containers/", body), HasSubstr("400 ")) << body;
  }
  EXPECT_THAT(refused("/api/v2.0/stats/", "", {{"count", "-2"}}), HasSubstr("400 count"));
  EXPECT_THAT(refused("/api/v2.0/stats/", "", {{"count", "x"}}), HasSubstr("400 count"));
  EXPECT_THAT(refused("/api/v2.0/stats/", "", {{"type", "rkt"}}), HasSubstr("400 type"));
  EXPECT_THAT(refused("/api/v1.3/events", "", {{"start_time", "yesterday"}}), HasSubstr("400 start_time"));
  EXPECT_THAT(refused("/api/v2.0/events", "", {{"end_time", ""}}), HasSubstr("400 end_time"));
}

TEST_F(CadvisorApi, WhatHasNoSampleYetIsNotThereYet) {
  auto list = std::make_shared<WorkloadList>(*state_.workloads);
  list->push_back(std::make_shared<Workload>(container("dddd44445555", "new")));
  state_.workloads = list;
  EXPECT_EQ(ask("/api/v1.3/docker/new").status, 404);
  EXPECT_EQ(answer("/api/v1.1/subcontainers/docker").as_array().size(), 3U);
  EXPECT_THAT(keys("/api/v2.0/stats/", {{"type", "docker"}}),
              ElementsAre("/docker/aaaa111122223333", "/docker/bbbb22223333"));
}

TEST_F(CadvisorApi, BeforeTheFirstSampleThereAreNamesAndNoNumbers) {
  state_.before = state_.now = nullptr;
  EXPECT_FALSE(answer("/api/v1.3/docker/web").at("/docker/aaaa111122223333").as_object().contains("stats"));
  EXPECT_TRUE(answer("/api/v2.1/machinestats").as_array().empty());
  EXPECT_TRUE(answer("/api/v2.0/summary/docker").at("/docker").as_object().empty());
}

}  // namespace
}  // namespace tallyman
