#include "exporters/series_text.h"

#include <gmock/gmock.h>
#include <boost/json.hpp>

#include <cmath>
#include <limits>

namespace tallyman {
namespace {

using ::testing::HasSubstr;

std::string figure(double value) {
  std::string text;
  append_figure(text, value);
  return text;
}

TEST(SeriesText, FiguresHaveAsManyDigitsAsAChartShows) {
  EXPECT_EQ(figure(0), "0");
  EXPECT_EQ(figure(-1e-9), "0");
  EXPECT_EQ(figure(0.1234567), "0.123457");
  EXPECT_EQ(figure(1.5), "1.5");
  EXPECT_EQ(figure(123'456'789'012.4), "123456789012");
  EXPECT_EQ(figure(std::nan("")), "null");
  EXPECT_EQ(figure(std::numeric_limits<double>::infinity()), "null");
}

HistoryAnswer answer_with(std::string workload) {
  HistoryAnswer answer{1'700'000'000, 1'700'000'002.5, 0.1, {}};
  answer.series.push_back(
      {std::move(workload), *find_history_field("cpu_cores"), {{1'700'000'000.0999999, 0.25}, {1'700'000'000.2, 2}}});
  answer.series.push_back({"/b", *find_history_field("memory_bytes"), {}});
  return answer;
}

TEST(SeriesText, JsonIsWhatIsDocumented) {
  EXPECT_EQ(series_json(answer_with("/a")),
            R"({"from":1700000000,"to":1700000002.5,"step":0.1,"series":[)"
            R"({"workload":"/a","metric":"cpu_cores","unit":"cores","points":[[1700000000.1,0.25],[1700000000.2,2]]},)"
            R"({"workload":"/b","metric":"memory_bytes","unit":"bytes","points":[]}]})");
}

TEST(SeriesText, HostileNamesStayNames) {
  const std::string name = "</script>\"\n\\\xff\xe2\x80\xae";
  const auto parsed = boost::json::parse(series_json(answer_with(name))).as_object();
  EXPECT_EQ(parsed.at("series").at(0).at("workload").as_string(), "</script>\"\n\\\\xff\xe2\x80\xae");
  EXPECT_EQ(series_csv(answer_with("/a,\"b\"\r\nc")),
            "time,workload,metric,unit,value\r\n"
            "1700000000.1,\"/a,\"\"b\"\"\r\nc\",cpu_cores,cores,0.25\r\n"
            "1700000000.2,\"/a,\"\"b\"\"\r\nc\",cpu_cores,cores,2\r\n");
}

TEST(SeriesText, EveryFieldIsListed) {
  const auto fields = boost::json::parse(fields_json()).as_object().at("fields").as_array();
  EXPECT_EQ(fields.size(), kHistoryFields);
  EXPECT_THAT(fields_json(), HasSubstr(R"("metric":"oom_kills","kind":"count","unit":"count")"));
}

}  // namespace
}  // namespace tallyman
