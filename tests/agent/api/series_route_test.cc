#include "agent/api/series_route.h"

#include <gmock/gmock.h>

namespace tallyman {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double kNow = 1'700'000'000;

std::string refusal(QueryParameters parameters) {
  const auto parsed = parse_series_request(parameters, kNow);
  return parsed ? "accepted" : parsed.error().text;
}

SeriesRequest accepted(QueryParameters parameters) {
  auto parsed = parse_series_request(parameters, kNow);
  if (!parsed) ADD_FAILURE() << parsed.error().text;
  return parsed ? *parsed : SeriesRequest{};
}

TEST(SeriesRequest, DefaultsToTheLastHourInTheStepsOfAChart) {
  const SeriesRequest request = accepted({{"workload", "web"}, {"metric", "cpu_cores"}});
  EXPECT_THAT(request.query.workloads, ElementsAre("web"));
  EXPECT_THAT(request.query.fields, ElementsAre(*find_history_field("cpu_cores")));
  EXPECT_EQ(request.query.from, kNow - 3'600);
  EXPECT_EQ(request.query.to, kNow);
  EXPECT_EQ(request.query.step, 5);
  EXPECT_FALSE(request.csv);
}

TEST(SeriesRequest, TakesTimesFromNowOrFromTheEpoch) {
  const SeriesRequest request = accepted({{"workload", "/"},
                                          {"metric", "cpu_cores"},
                                          {"metric", "memory_bytes"},
                                          {"metric", "cpu_cores"},
                                          {"workload", "/a"},
                                          {"from", "-600.5"},
                                          {"to", "1699999999"},
                                          {"step", "0.5"},
                                          {"format", "csv"}});
  EXPECT_EQ(request.query.from, kNow - 600.5);
  EXPECT_EQ(request.query.to, kNow - 1);
  EXPECT_EQ(request.query.step, 0.5);
  EXPECT_EQ(request.query.fields.size(), 2U);
  EXPECT_EQ(request.query.workloads.size(), 2U);
  EXPECT_TRUE(request.csv);
}

TEST(SeriesRequest, ExplainsTheErrorAndTheRemedy) {
  const std::pair<std::string, std::string> web{"workload", "web"}, cpu{"metric", "cpu_cores"};
  EXPECT_THAT(refusal({cpu}), AllOf(HasSubstr("workload"), HasSubstr("/api/v1/workloads")));
  EXPECT_THAT(refusal({web}), AllOf(HasSubstr("metric"), HasSubstr("cpu_cores")));
  EXPECT_THAT(refusal({web, {"metric", "cpu\n<b>"}}), AllOf(HasSubstr("\"cpu?<b>\""), HasSubstr("cpu_cores")));
  EXPECT_THAT(refusal({web, cpu, {"workload", ""}}), HasSubstr("/ is the host"));
  for (const std::string text : {"", "soon", "1h", "nan", "inf", "-inf", "1e300", "0x10", " 1", "1 "}) {
    EXPECT_THAT(refusal({web, cpu, {"from", text}}), AllOf(HasSubstr("from: "), HasSubstr("seconds"))) << text;
  }
  EXPECT_THAT(refusal({web, cpu, {"from", "0"}}), HasSubstr("before to"));
  EXPECT_THAT(refusal({web, cpu, {"from", "-1"}, {"to", "-2"}}), HasSubstr("before to"));
  EXPECT_THAT(refusal({web, cpu, {"step", "0"}}), HasSubstr("at least 0.1"));
  EXPECT_THAT(refusal({web, cpu, {"step", "-5"}}), HasSubstr("at least 0.1"));
  EXPECT_THAT(refusal({web, cpu, {"format", "xml"}}), HasSubstr("json nor csv"));
  EXPECT_THAT(refusal({web, cpu, {"metrics", "x"}}), AllOf(HasSubstr("\"metrics\""), HasSubstr("step")));
  EXPECT_THAT(refusal(QueryParameters(65, cpu)), HasSubstr("64"));
}

TEST(SeriesRequest, IsBounded) {
  QueryParameters many{{"metric", "cpu_cores"}};
  for (char c = 'a'; c < 'h'; ++c) many.emplace_back("workload", std::string(1, c));
  EXPECT_THAT(refusal(many), HasSubstr("at most 6"));
  const auto day = [](std::string step) {
    return QueryParameters{{"workload", "a"}, {"metric", "cpu_cores"}, {"from", "-86400"}, {"step", std::move(step)}};
  };
  EXPECT_THAT(refusal(day("1")), AllOf(HasSubstr("86400 steps"), HasSubstr("at least 8")));
  EXPECT_EQ(refusal(day("8")), "accepted");
  EXPECT_EQ(refusal({{"workload", "a"}, {"metric", "cpu_cores"}, {"from", "1"}}), "accepted");
  QueryParameters all{{"from", "-86400"}, {"step", "20"}};
  for (const HistoryField& field : history_fields()) all.emplace_back("metric", field.name);
  all.emplace_back("workload", "a");
  all.emplace_back("workload", "b");
  EXPECT_THAT(refusal(all), HasSubstr("a shorter range"));
}

}  // namespace
}  // namespace tallyman
