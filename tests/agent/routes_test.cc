// Every path, over a real socket, on a host made of files.
#include "agent/routes.h"

#include "tests/agent/small_host.h"
#include "tests/support/gunzip.h"
#include "tests/support/http_client.h"

#include <gmock/gmock.h>
#include <boost/json.hpp>

#include <set>
#include <stdexcept>

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
  explicit RoutesTest(const std::string& telemetry_path = "/metrics") {
    Options options = small_.options();
    options.telemetry_path = telemetry_path;
    auto made = Observer::make(options, {});
    if (!made) throw std::runtime_error(to_string(made.error()));
    observer_ = std::move(*made);
    routes_ = std::make_unique<Routes>(
        options, RouteSources{[this] { return observer_; }, [this] { return server_->statistics(); },
                              [] { return std::uint64_t{7}; }});
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

  SmallHost small_;
  std::shared_ptr<Observer> observer_;
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<Routes> routes_;
};

TEST_F(RoutesTest, BeforeTheFirstSampleItIsHealthyButNotReady) {
  EXPECT_EQ(get("/-/healthy").status, 200);
  EXPECT_EQ(get("/-/ready").status, 503);
  EXPECT_EQ(get("/metrics").status, 503);
  observer_->sample_once();
  EXPECT_EQ(get("/-/ready").status, 200);
  EXPECT_EQ(get("/metrics").status, 200);
}

TEST_F(RoutesTest, MetricsAreTextByDefault) {
  observer_->sample_once();
  const HttpReply reply = get("/metrics");
  EXPECT_EQ(reply.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(reply.header("content-encoding"), "");
  EXPECT_EQ(reply.header("vary"), "Accept, Accept-Encoding");
  EXPECT_THAT(reply.body, AllOf(HasSubstr("\ncontainer_memory_usage_bytes{"), HasSubstr("name=\"web\""),
                                HasSubstr("\ntallyman_build_info{"), HasSubstr("\nprocess_cpu_seconds_total "),
                                HasSubstr("\ntallyman_log_lines_dropped_total 7\n"), Not(HasSubstr("# EOF"))));
}

TEST_F(RoutesTest, MetricsAreOpenMetricsAndGzipWhereAskedFor) {
  observer_->sample_once();
  const HttpReply reply = get(
      "/metrics", "Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5\r\nAccept-Encoding: gzip\r\n");
  EXPECT_EQ(reply.header("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
  EXPECT_EQ(reply.header("content-encoding"), "gzip");
  const std::string body = testing::gunzip(reply.body);
  EXPECT_TRUE(body.ends_with("# EOF\n"));
  EXPECT_THAT(body, HasSubstr("\ncontainer_memory_usage_bytes{"));
  EXPECT_EQ(get("/metrics", "Accept-Encoding: gzip;q=0\r\n").header("content-encoding"), "");
}

TEST_F(RoutesTest, CollectSelectsCollectors) {
  observer_->sample_once();
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
  observer_->sample_once();
  observer_->sample_once();
  get("/metrics?collect[]=memory");
  const std::string self = get("/metrics?collect[]=self").body;
  EXPECT_THAT(self, AllOf(HasSubstr("\ntallyman_workloads{kind=\"container\"} 2\n"),
                          HasSubstr("\ntallyman_samples_total 2\n"), HasSubstr("mode=\"hybrid\"")));
}

TEST_F(RoutesTest, WorkloadsAreListedAlsoBeforeTheFirstSample) {
  observer_->sample_once();
  const auto list = json("/api/v1/workloads");
  EXPECT_TRUE(list.contains("sequence"));
  std::set<std::string> names;
  for (const auto& one : list.at("workloads").as_array()) {
    names.insert(std::string(one.as_object().at("workload").as_string()));
  }
  EXPECT_THAT(names, ::testing::IsSupersetOf({"web", "db"}));
}

TEST_F(RoutesTest, OneWorkloadIsFoundByIdPathAndName) {
  observer_->sample_once();
  for (const std::string& id : {SmallHost::kWeb, SmallHost::kWeb.substr(0, 12), "docker/" + SmallHost::kWeb,
                                "%2Fdocker%2F" + SmallHost::kWeb, std::string("web")}) {
    const auto one = json("/api/v1/workloads/" + id);
    EXPECT_EQ(one.at("workload").as_string(), "web") << id;
    EXPECT_FALSE(one.at("series").as_array().empty()) << id;
  }
  EXPECT_EQ(json("/api/v1/workloads/").at("kind").as_string(), "host");
}

TEST_F(RoutesTest, AWorkloadThatIsNotThereOrNotTheOnlyOneIs404) {
  small_.add_container(std::string(64, 'c'), "db");
  observer_->sample_once();
  for (const std::string id : {"nobody", "db", "aaaaaaaaaaa"}) {
    const HttpReply reply = get("/api/v1/workloads/" + id);
    EXPECT_EQ(reply.status, 404) << id;
    EXPECT_THAT(boost::json::parse(reply.body).as_object().at("error").as_string(), HasSubstr("/api/v1/workloads"));
  }
}

TEST_F(RoutesTest, TheHostIsTold) {
  observer_->sample_once();
  const auto host = json("/api/v1/host");
  EXPECT_EQ(host.at("cgroup_mode").as_string(), "hybrid");
  EXPECT_EQ(host.at("workloads").as_object().at("container").as_int64(), 2);
}

TEST_F(RoutesTest, TheLandingPageLinksToEverythingAndMayLoadNothing) {
  const HttpReply reply = get("/");
  EXPECT_EQ(reply.header("content-type"), "text/html; charset=utf-8");
  EXPECT_THAT(reply.header("content-security-policy"), StartsWith("default-src 'none'"));
  EXPECT_THAT(reply.body, AllOf(HasSubstr("href=\"/metrics\""), HasSubstr("href=\"/api/v1/workloads\""),
                                HasSubstr("href=\"/api/v1/host\"")));
}

TEST_F(RoutesTest, AnUnknownPathIsToldWhatThereIs) {
  const HttpReply reply = get("/metric");
  EXPECT_EQ(reply.status, 404);
  EXPECT_THAT(reply.body, AllOf(HasSubstr("/metrics"), HasSubstr("/api/v1/workloads")));
}

class RoutesElsewhereTest : public RoutesTest {
 protected:
  RoutesElsewhereTest() : RoutesTest("/prometheus/all") {}
};

TEST_F(RoutesElsewhereTest, TheTelemetryPathIsTheUsers) {
  observer_->sample_once();
  EXPECT_EQ(get("/metrics").status, 404);
  EXPECT_EQ(get("/prometheus/all").status, 200);
  EXPECT_THAT(get("/").body, HasSubstr("href=\"/prometheus/all\""));
}

}  // namespace
}  // namespace tallyman
