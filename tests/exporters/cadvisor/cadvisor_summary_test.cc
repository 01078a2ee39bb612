#include "exporters/cadvisor/cadvisor_summary.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

namespace json = boost::json;

HistoryAnswer answer_of(const CadvisorPeriod& period, const std::vector<double>& cores,
                        const std::vector<double>& bytes) {
  const HistoryQuery query = cadvisor_usage_query(period, "/web", 1'000'000);
  HistoryAnswer answer{
      query.from, query.to, query.step, {{"/web", query.fields[0], {}}, {"/web", query.fields[1], {}}}};
  for (std::size_t i = 0; i < cores.size(); ++i) answer.series[0].points.emplace_back(query.from, cores[i]);
  for (std::size_t i = 0; i < bytes.size(); ++i) answer.series[1].points.emplace_back(query.from, bytes[i]);
  return answer;
}

TEST(CadvisorSummary, AsksForThePeriodInItsSteps) {
  const HistoryQuery hour = cadvisor_usage_query(kCadvisorPeriods[1], "/web", 1'000'000);
  EXPECT_EQ(hour.from, 996'400);
  EXPECT_EQ(hour.to, 1'000'000);
  EXPECT_EQ(hour.step, 10);
  EXPECT_EQ(history_fields()[hour.fields[0]].name, "cpu_cores");
  EXPECT_EQ(history_fields()[hour.fields[1]].name, "working_set_bytes");
}

// Of twenty values, so that each percentile is one of them.
TEST(CadvisorSummary, HasMeanMaximumAndPercentilesInMillicoresAndBytes) {
  std::vector<double> cores, bytes;
  for (int i = 20; i > 0; --i) {
    cores.push_back(i * 0.05);
    bytes.push_back(i * 4096);
  }
  const json::object minute = cadvisor_usage(kCadvisorPeriods[0], answer_of(kCadvisorPeriods[0], cores, bytes));
  EXPECT_EQ(minute.at("percent_complete"), 33) << "20 of 60 seconds";
  EXPECT_EQ(json::serialize(minute.at("cpu")),
            R"({"present":true,"mean":525,"max":1000,"fifty":500,"ninety":900,"ninetyfive":950})");
  EXPECT_EQ(minute.at("memory").at("ninetyfive"), 19 * 4096);
}

TEST(CadvisorSummary, SaysThatItHasNothing) {
  const json::object day = cadvisor_usage(kCadvisorPeriods[2], answer_of(kCadvisorPeriods[2], {}, {8192}));
  EXPECT_EQ(json::serialize(day.at("cpu")), R"({"present":false})");
  EXPECT_EQ(day.at("memory").at("fifty"), 8192);
  EXPECT_EQ(day.at("percent_complete"), 0) << "a minute of a day";
}

TEST(CadvisorSummary, IsNeverMoreThanComplete) {
  const std::vector<double> all(61, 0.25);
  EXPECT_EQ(cadvisor_usage(kCadvisorPeriods[0], answer_of(kCadvisorPeriods[0], all, all)).at("percent_complete"), 100);
}

}  // namespace
}  // namespace tallyman
