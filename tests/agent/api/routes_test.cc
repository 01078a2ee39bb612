// Every path, over a real socket, with a host that consists of files.
#include "agent/api/routes.h"

#include "agent/api/dashboard.h"
#include "agent/api/live_stream.h"
#include "agent/service/make_sampling_service.h"
#include "tests/agent/service/small_host.h"
#include "tests/support/gunzip.h"
#include "tests/support/http_client.h"

#include <gmock/gmock.h>
#include <boost/json.hpp>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <stdexcept>
#include <thread>

namespace tallyman {
namespace {

using test::http_get;
using test::HttpReply;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class RoutesTest : public ::testing::Test {
 protected:
  explicit RoutesTest(const std::string& telemetry_path = "/metrics", const std::string& external_prefix = "",
                      const AllowedHosts& hosts = {}) {
    const RouteOptions options{.telemetry_path = telemetry_path,
                               .external_prefix = external_prefix,
                               .overhead_reports = reports_,
                               .hosts = hosts};
    SamplingServiceEvents events;
    events.log = log_;
    auto made = make_sampling_service(small_.options(), events);
    if (!made) throw std::runtime_error(to_string(made.error()));
    sampling_service_ = std::move(*made);
    routes_ = std::make_unique<Routes>(
        options,
        RouteSources{[this] { return sampling_service_; }, [this] { return server_->statistics(); },
                     [] { return std::uint64_t{7}; }, &history_, [] { return std::uint64_t{3}; }, &live_, log_});
    auto server = HttpServer::listen("127.0.0.1:0", {}, [this](HttpRequest request, HttpServer::Respond respond) {
      routes_->handle(std::move(request), std::move(respond));
    });
    if (!server) throw std::runtime_error(to_string(server.error()));
    server_ = std::move(*server);
    server_->start();
  }
  ~RoutesTest() override { server_->stop(); }

  HttpReply get(std::string_view target, std::string_view headers = "") {
    const auto reply = http_get(server_->port(), target, headers);
    EXPECT_TRUE(reply) << target;
    return reply.value_or(HttpReply{});
  }
  boost::json::object json(std::string_view target) {
    const HttpReply reply = get(target);
    EXPECT_EQ(reply.status, 200) << target;
    EXPECT_EQ(reply.header("content-type"), "application/json");
    EXPECT_EQ(reply.header("cache-control"), "no-store");
    return boost::json::parse(reply.body).as_object();
  }

  // As the agent does for each snapshot.
  void sample() {
    const SnapshotPtr snapshot = sampling_service_->sample_once();
    history_.add(*snapshot);
    live_.take(snapshot);
  }

  SmallHost small_;
  const std::string reports_ = small_.options().root.rootfs + "/overhead";
  HistoryStore history_{HistoryOptions{}};
  LiveStream live_{[] { return StreamFacts{"1.2", "boot", 1}; }};
  std::shared_ptr<EventLog> log_ = std::make_shared<EventLog>(10);
  std::shared_ptr<SamplingService> sampling_service_;
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<Routes> routes_;
};

TEST_F(RoutesTest, BeforeTheFirstSampleItIsHealthyButNotReady) {
  EXPECT_EQ(get("/-/healthy").status, 200);
  EXPECT_EQ(get("/healthz").body, "ok");
  EXPECT_EQ(get("/-/ready").status, 503);
  EXPECT_EQ(get("/metrics").status, 503);
  sampling_service_->sample_once();
  EXPECT_EQ(get("/-/ready").status, 200);
  EXPECT_EQ(get("/metrics").status, 200);
}

TEST_F(RoutesTest, MetricsAreTextByDefault) {
  sampling_service_->sample_once();
  const HttpReply reply = get("/metrics");
  EXPECT_EQ(reply.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(reply.header("content-encoding"), "");
  EXPECT_EQ(reply.header("vary"), "Accept, Accept-Encoding");
  EXPECT_THAT(reply.body, AllOf(HasSubstr("\ncontainer_memory_usage_bytes{"), HasSubstr("name=\"web\""),
                                HasSubstr("\ntallyman_build_info{"), HasSubstr("\nprocess_cpu_seconds_total "),
                                HasSubstr("\ntallyman_log_lines_dropped_total 7\n"), Not(HasSubstr("# EOF"))));
}

TEST_F(RoutesTest, MetricsAreOpenMetricsAndGzipOnRequest) {
  sampling_service_->sample_once();
  const HttpReply reply = get(
      "/metrics", "Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5\r\nAccept-Encoding: gzip\r\n");
  EXPECT_EQ(reply.header("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
  EXPECT_EQ(reply.header("content-encoding"), "gzip");
  const std::string body = test::gunzip(reply.body);
  EXPECT_TRUE(body.ends_with("# EOF\n"));
  EXPECT_THAT(body, HasSubstr("\ncontainer_memory_usage_bytes{"));
  EXPECT_EQ(get("/metrics", "Accept-Encoding: gzip;q=0\r\n").header("content-encoding"), "");
}

TEST_F(RoutesTest, CollectSelectsCollectors) {
  sampling_service_->sample_once();
  const std::string memory = get("/metrics?collect[]=memory&collect[]=memory").body;
  EXPECT_THAT(memory, AllOf(HasSubstr("container_memory_usage_bytes{"), Not(HasSubstr("container_cpu_")),
                            Not(HasSubstr("tallyman_build_info"))));
  const std::string self = get("/metrics?collect%5B%5D=self").body;
  EXPECT_THAT(self, AllOf(HasSubstr("tallyman_build_info"), Not(HasSubstr("container_memory"))));
  const HttpReply refused = get("/metrics?collect[]=disk0");
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, AllOf(HasSubstr("collect[]"), HasSubstr("memory"), HasSubstr("self")));
}

TEST_F(RoutesTest, SelfMetricsAgreeWithWhatHappened) {
  sampling_service_->sample_once();
  sampling_service_->sample_once();
  get("/metrics?collect[]=memory");
  const std::string self = get("/metrics?collect[]=self").body;
  EXPECT_THAT(self, AllOf(HasSubstr("\ntallyman_workloads{kind=\"container\"} 2\n"),
                          HasSubstr("\ntallyman_samples_total 2\n"), HasSubstr("mode=\"hybrid\"")));
}

TEST_F(RoutesTest, WorkloadsAreListedAlsoBeforeTheFirstSample) {
  sampling_service_->sample_once();
  const auto list = json("/api/v1/workloads");
  EXPECT_TRUE(list.contains("sequence"));
  std::set<std::string> names;
  for (const auto& one : list.at("workloads").as_array()) {
    names.insert(std::string(one.as_object().at("workload").as_string()));
  }
  EXPECT_THAT(names, ::testing::IsSupersetOf({"web", "db"}));
}

TEST_F(RoutesTest, OneWorkloadIsFoundByIdPathAndName) {
  sampling_service_->sample_once();
  for (const std::string& id : {SmallHost::kWeb, SmallHost::kWeb.substr(0, 12), "docker/" + SmallHost::kWeb,
                                "%2Fdocker%2F" + SmallHost::kWeb, std::string("web")}) {
    const auto one = json("/api/v1/workloads/" + id);
    EXPECT_EQ(one.at("workload").as_string(), "web") << id;
    EXPECT_FALSE(one.at("series").as_array().empty()) << id;
  }
  EXPECT_EQ(json("/api/v1/workloads/").at("kind").as_string(), "host");
}

TEST_F(RoutesTest, AnUnknownWorkloadIs404) {
  sampling_service_->sample_once();
  for (const std::string id : {"nobody", "aaaaaaaaaaa"}) {
    const HttpReply reply = get("/api/v1/workloads/" + id);
    EXPECT_EQ(reply.status, 404) << id;
    EXPECT_THAT(boost::json::parse(reply.body).as_object().at("error").as_string(), HasSubstr("/api/v1/workloads"));
  }
}

TEST_F(RoutesTest, ANameOfTwoWorkloadsIs409) {
  small_.add_container(std::string(64, 'c'), "db");
  sampling_service_->sample_once();
  const HttpReply reply = get("/api/v1/workloads/db");
  EXPECT_EQ(reply.status, 409);
  EXPECT_EQ(boost::json::parse(reply.body).as_object().at("candidates").as_array().size(), 2U);
}

// Docker's data root may be known to dockerd's command line alone.
TEST_F(RoutesTest, ContainersWithoutANameAreCounted) {
  sampling_service_->sample_once();
  EXPECT_THAT(get("/metrics?collect[]=self").body, HasSubstr("\ntallyman_unnamed_containers 0\n"));
  small_.host.remove("var/lib/docker");
  small_.add_cgroup(std::string(64, 'c'));
  small_.add_cgroup(std::string(64, 'd'));
  sampling_service_->sample_once();
  EXPECT_THAT(get("/metrics?collect[]=self").body, HasSubstr("\ntallyman_unnamed_containers 2\n"));
}

TEST_F(RoutesTest, UsageHasRatesFromTheSecondSampleOn) {
  EXPECT_EQ(get("/api/v1/usage").status, 503);
  sampling_service_->sample_once();
  const auto row_of = [](const boost::json::object& usage, std::string_view name) {
    for (const auto& one : usage.at("workloads").as_array()) {
      if (one.as_object().at("workload").as_string() == name) return one.as_object();
    }
    return boost::json::object();
  };
  const auto first = json("/api/v1/usage");
  EXPECT_FALSE(first.contains("measured_seconds"));
  EXPECT_FALSE(row_of(first, "web").contains("cpu_cores"));
  EXPECT_TRUE(row_of(first, "web").contains("memory_working_set_bytes"));
  sampling_service_->sample_once();
  const auto second = json("/api/v1/usage");
  EXPECT_GT(second.at("measured_seconds").to_number<double>(), 0);
  EXPECT_EQ(second.at("interval_seconds").to_number<double>(), 0.1);
  EXPECT_EQ(second.at("unnamed_containers").to_number<int>(), 0);
  const auto web = row_of(second, "web");
  EXPECT_EQ(web.at("cpu_cores").to_number<double>(), 0) << "the files have not changed";
  EXPECT_EQ(web.at("id").as_string(), SmallHost::cgroup_of(SmallHost::kWeb));
  EXPECT_EQ(web.at("groups").as_object().at("image").as_string(), "farm/web:1");
}

TEST_F(RoutesTest, TheHostIsShown) {
  sampling_service_->sample_once();
  const auto host = json("/api/v1/host");
  EXPECT_EQ(host.at("cgroup_mode").as_string(), "hybrid");
  EXPECT_EQ(host.at("workloads").as_object().at("container").as_int64(), 2);
}

TEST_F(RoutesTest, TheLandingPageLinksToEverythingAndMayLoadNothing) {
  const HttpReply reply = get("/");
  EXPECT_EQ(reply.header("content-type"), "text/html; charset=utf-8");
  EXPECT_THAT(reply.header("content-security-policy"), StartsWith("default-src 'none'"));
  if (embedded_dashboard().empty()) {
    EXPECT_THAT(reply.body, AllOf(HasSubstr("href=\"metrics\""), HasSubstr("href=\"api/v1/workloads\""),
                                  HasSubstr("href=\"api/v1/host\"")));
  }
  EXPECT_THAT(reply.body, AllOf(Not(HasSubstr("href=\"/")), Not(HasSubstr("src=\"/"))));  // it may be behind a prefix
}

TEST_F(RoutesTest, AnUnknownPathGetsTheListOfPaths) {
  const HttpReply reply = get("/metric");
  EXPECT_EQ(reply.status, 404);
  EXPECT_THAT(reply.body, AllOf(HasSubstr("/metrics"), HasSubstr("/api/v1/workloads")));
}

class RoutesElsewhereTest : public RoutesTest {
 protected:
  RoutesElsewhereTest() : RoutesTest("/prometheus/all") {}
};

TEST_F(RoutesElsewhereTest, TheTelemetryPathIsTheUsers) {
  sampling_service_->sample_once();
  EXPECT_EQ(get("/metrics").status, 404);
  EXPECT_EQ(get("/prometheus/all").status, 200);
  if (embedded_dashboard().empty()) {
    EXPECT_THAT(get("/").body, HasSubstr("href=\"prometheus/all\""));
  }
}

TEST_F(RoutesTest, SeriesAreAnsweredFromTheHistory) {
  sample();
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  sample();
  const auto answer = json("/api/v1/series?workload=web&workload=%2Fdocker%2F" + SmallHost::kDb +
                           "&metric=memory_bytes&from=-10&step=1");
  ASSERT_EQ(answer.at("series").as_array().size(), 2U);
  const auto& web = answer.at("series").at(0);
  EXPECT_EQ(web.at("workload").as_string(), SmallHost::cgroup_of(SmallHost::kWeb));
  EXPECT_EQ(web.at("unit").as_string(), "bytes");
  EXPECT_FALSE(web.at("points").as_array().empty());
  EXPECT_GT(web.at("points").at(0).at(1).to_number<double>(), 0);
  const HttpReply csv = get("/api/v1/series?workload=web&metric=memory_bytes&format=csv");
  EXPECT_EQ(csv.header("content-type"), "text/csv; charset=utf-8");
  EXPECT_THAT(csv.body, AllOf(StartsWith("time,workload,metric,unit,value\r\n"), HasSubstr(",memory_bytes,bytes,")));
  EXPECT_EQ(json("/api/v1/series").at("fields").as_array().size(), kHistoryFields);
}

TEST_F(RoutesTest, AWrongParameterIsExplained) {
  sample();
  const auto refused = [&](std::string_view query) {
    const HttpReply reply = get("/api/v1/series?" + std::string(query));
    const auto body = boost::json::parse(reply.body).as_object();
    return std::to_string(reply.status) + " " + std::string(body.at("error").as_string());
  };
  EXPECT_THAT(refused("workload=web"), StartsWith("400 metric: "));
  EXPECT_THAT(refused("workload=web&metric=cpu"), StartsWith("400 metric: "));
  EXPECT_THAT(refused("workload=nobody&metric=cpu_cores"), StartsWith("404 workload: "));
  EXPECT_THAT(refused("workload=web&metric=cpu_cores&from=-1e9&step=1"), StartsWith("400 step: "));
}

TEST_F(RoutesTest, OverheadReportsAreListedAndServedByRun) {
  EXPECT_TRUE(json("/api/v1/overhead").at("reports").as_array().empty());
  EXPECT_EQ(get("/api/v1/overhead/20261124-101500-3f2a").status, 404);
  std::filesystem::create_directories(reports_ + "/20261124-101500-3f2a");
  std::ofstream(reports_ + "/20261124-101500-3f2a/report.json")
      << R"({"began":"2026-11-24T10:15:00Z","extent":"quick","baseline":"bare","rounds":5,"duration_ns":20,"results":[]})";
  EXPECT_EQ(json("/api/v1/overhead").at("reports").as_array().at(0).at("run"), "20261124-101500-3f2a");
  EXPECT_EQ(json("/api/v1/overhead/20261124-101500-3f2a").at("extent"), "quick");
  EXPECT_EQ(get("/api/v1/overhead/..%2F..%2Fetc").status, 400);
  std::filesystem::create_directories(reports_ + "/20261125-000000-0001");
  std::ofstream(reports_ + "/20261125-000000-0001/report.json") << "{";
  const auto unreadable = json("/api/v1/overhead").at("unreadable").at(0).as_object();
  EXPECT_EQ(unreadable.at("run"), "20261125-000000-0001");
  EXPECT_THAT(std::string(unreadable.at("error").as_string()), HasSubstr("report.json: "));
  EXPECT_EQ(get("/api/v1/overhead/20261125-000000-0001").status, 500);
  sample();
  EXPECT_THAT(get("/metrics").body, HasSubstr("\ntallyman_overhead_run_timestamp_seconds 1795515300\n"));
}

TEST_F(RoutesTest, TheCatalogueCountsTheCurrentSeries) {
  sample();
  get("/metrics");
  const HttpReply reply = get("/api/v1/metrics");
  std::map<std::string, std::int64_t> series;
  const boost::json::value parsed = boost::json::parse(reply.body);
  for (const auto& one : parsed.as_array()) {
    series[std::string(one.at("name").as_string())] = one.at("series").as_int64();
  }
  EXPECT_EQ(series.at("container_threads"), 2);
  EXPECT_EQ(series.at("container_memory_failures_total"), 8);
  EXPECT_EQ(series.at("tallyman_build_info"), 1);
  EXPECT_EQ(series.at("tallyman_scrapes_total"), 4);
  EXPECT_EQ(series.at("tallyman_scrape_duration_seconds"), 1);
  EXPECT_EQ(series.size(), catalogue().size());
}

TEST_F(RoutesTest, TheStreamSendsTheStateAndThenTheEvents) {
  sample();
  test::HttpClient client(server_->port());
  ASSERT_TRUE(client.get("/api/v1/stream"));
  const auto head = client.receive_head();
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->header("content-type"), "text/event-stream");
  EXPECT_EQ(head->header("cache-control"), "no-store");
  EXPECT_THAT(client.receive_event().value_or(""), AllOf(HasSubstr("retry: 2000\n"), HasSubstr("event: hello\n")));
  EXPECT_THAT(client.receive_event().value_or(""), AllOf(HasSubstr("event: workloads\n"), HasSubstr("\"web\"")));
  EXPECT_THAT(client.receive_event().value_or(""), HasSubstr("event: sample\n"));
  sample();
  EXPECT_THAT(client.receive_event().value_or(""), AllOf(HasSubstr("event: sample\n"), HasSubstr("\"sequence\":2,")));
  log_->append(
      Event::of(*sampling_service_->workloads()->front(), EventType::kThrottled, 1'700'000'000'000'000'000, "slowed"));
  EXPECT_THAT(client.receive_event().value_or(""),
              AllOf(HasSubstr("event: event\n"), HasSubstr("id: "), HasSubstr("\"type\":\"throttled\"")));
}

TEST_F(RoutesTest, TheHistoryIsInTheSelfMetrics) {
  sample();
  sample();
  const std::string self = get("/metrics?collect[]=self").body;
  EXPECT_THAT(self, AllOf(HasSubstr("\ntallyman_history_memory_bytes "), HasSubstr("\ntallyman_history_points "),
                          HasSubstr("\ntallyman_history_samples_skipped_total 3\n"),
                          HasSubstr("\ntallyman_history_reach_seconds{tier=\"coarse\"} ")));
}

class RoutesOnLoopbackTest : public RoutesTest {
 protected:
  RoutesOnLoopbackTest() : RoutesTest("/metrics", "", AllowedHosts("127.0.0.1:8255", "metrics.example")) {}
  int status(const std::string& path, const std::string& host) {
    test::HttpClient client(server_->port());
    EXPECT_TRUE(client.send("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n"));
    return client.receive().value_or(HttpReply{}).status;
  }
};

TEST_F(RoutesOnLoopbackTest, OtherNamesGetNothing) {
  sampling_service_->sample_once();
  for (const char* path : {"/", "/metrics", "/api/v1/workloads", "/api/v1/series", "/api/v1/stream", "/nowhere"}) {
    EXPECT_EQ(status(path, "attacker.example"), 421) << path;
  }
  for (const char* path : {"/metrics", "/api/v1/workloads", "/api/v1/series"}) {
    EXPECT_EQ(status(path, "localhost:8255"), 200) << path;
    EXPECT_EQ(status(path, "127.0.0.1"), 200) << path;
    EXPECT_EQ(status(path, "metrics.example"), 200) << path;
  }
  EXPECT_EQ(status("/-/healthy", "attacker.example"), 200) << "says nothing of the host";
  EXPECT_EQ(status("/-/ready", "10.0.0.7"), 200);
}

TEST_F(RoutesTest, ContainerLabelsAreThoseOfTheMetrics) {
  sampling_service_->sample_once();
  const LabelFilter& exported = sampling_service_->exported_labels();
  EXPECT_TRUE(exported.allows("com.docker.compose.project"));
  EXPECT_FALSE(exported.allows("DB_PASSWORD"));
}

class RoutesBehindAPrefixTest : public RoutesTest {
 protected:
  RoutesBehindAPrefixTest() : RoutesTest("/metrics", "/tally/man/") {}
};

TEST_F(RoutesBehindAPrefixTest, EverythingIsBelowThePrefixTooAndThePrefixLeadsIntoIt) {
  sampling_service_->sample_once();
  EXPECT_EQ(get("/tally/man/").status, 200);
  EXPECT_EQ(get("/tally/man/metrics").status, 200);
  EXPECT_EQ(json("/tally/man/api/v1/workloads/web").at("workload").as_string(), "web");
  EXPECT_EQ(get("/tally/man/-/healthy").status, 200);
  EXPECT_EQ(get("/-/healthy").status, 200);
  EXPECT_EQ(get("/tally/manmetrics").status, 404);
  const HttpReply redirect = get("/tally/man");
  EXPECT_EQ(redirect.status, 308);
  EXPECT_EQ(redirect.header("location"), "man/");
}

}  // namespace
}  // namespace tallyman
