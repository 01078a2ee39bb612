#include "agent/api/route_table.h"

#include "agent/api/series_route.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

namespace tallyman {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string found(const RouteTable& table, std::string_view path) {
  const auto match = table.find(path);
  return match ? std::string(match->route->path) + " " + std::string(match->rest) : "none";
}

TEST(RouteTable, FindsAPathOrTheRouteThatTakesTheRestOfIt) {
  const RouteTable table("/metrics");
  EXPECT_EQ(found(table, "/metrics"), "/metrics ");
  EXPECT_EQ(found(table, "/api/v1/workloads"), "/api/v1/workloads ");
  EXPECT_EQ(found(table, "/api/v1/workloads/"), "/api/v1/workloads/ ");
  EXPECT_EQ(found(table, "/api/v1/workloads//docker/web"), "/api/v1/workloads/ /docker/web");
  EXPECT_EQ(found(table, "/api/v1/overhead/20261124-101500-3f2a"), "/api/v1/overhead/ 20261124-101500-3f2a");
  EXPECT_EQ(found(table, "/assets/index.js"), "/assets/ index.js");
  EXPECT_EQ(found(table, "/"), "/ ");
  for (const char* path : {"", "/metrics/", "/api/v1/workloadsx", "/api/v1/host/", "/api/v1", "/assets"}) {
    EXPECT_EQ(found(table, path), "none") << path;
  }
}

TEST(RouteTable, FindsTheMetricsWhereTheUserWantsThem) {
  const RouteTable table("/prometheus/all");
  EXPECT_EQ(found(table, "/prometheus/all"), "/metrics ");
  EXPECT_EQ(found(table, "/metrics"), "none");
  EXPECT_THAT(", " + table.paths(), AllOf(HasSubstr(", /prometheus/all, "), Not(HasSubstr(", /metrics, "))));
  EXPECT_THAT(table.landing_page(), HasSubstr("<a href=\"prometheus/all\">/prometheus/all</a>: for Prometheus"));
}

TEST(RouteTable, HasEachPathOnceAndAllThatIsShownOfIt) {
  std::set<std::string_view> paths;
  for (const Route& route : routes()) {
    EXPECT_TRUE(paths.insert(route.path).second) << route.path;
    EXPECT_TRUE(route.path.starts_with('/'));
    const bool takes_more = (route.path.ends_with('/') && route.path != "/") || route.path.ends_with('.');
    EXPECT_EQ(takes_more, !route.rest.empty()) << route.path;
    EXPECT_NE(route.handler, nullptr) << route.path;
    EXPECT_FALSE(route.brief.empty() || route.answer.empty()) << route.path;
    EXPECT_EQ(route.brief.find_first_of("<>&`"), std::string_view::npos) << route.path << ": plain text";
  }
}

TEST(RouteTable, EveryPathIsInTheListOnTheLandingPageAndInTheDocs) {
  const RouteTable table("/metrics");
  for (const Route& route : routes()) {
    const std::string path = std::string(route.path) + std::string(route.rest);
    EXPECT_THAT(", " + table.paths() + ",", HasSubstr(", " + path + ","));
    EXPECT_THAT(table.landing_page(), HasSubstr(path + (route.rest.empty() && path != "/" ? "</a>: " : ": ")));
    EXPECT_THAT(api_markdown(), HasSubstr("\n| `" + path + "` | " + std::string(route.answer) + " |"));
  }
}

TEST(RouteTable, TheParametersOfSeriesAreThoseThatAreTaken) {
  const auto series =
      std::find_if(routes().begin(), routes().end(), [](const Route& r) { return r.path == "/api/v1/series"; });
  ASSERT_NE(series, routes().end());
  ASSERT_FALSE(series->parameters.empty());
  const auto refusal = [](std::string_view name) {
    const auto parsed = parse_series_request({{std::string(name), ""}}, 1'700'000'000);
    return parsed ? "" : parsed.error().text;
  };
  for (const RouteParameter& one : series->parameters) {
    EXPECT_THAT(refusal(one.name), Not(HasSubstr("there is no parameter"))) << one.name;
    EXPECT_THAT(refusal("other"), HasSubstr(std::string(one.name)));
    EXPECT_THAT(api_markdown(), HasSubstr("\n| `" + std::string(one.name) + "` | "));
  }
}

}  // namespace
}  // namespace tallyman
