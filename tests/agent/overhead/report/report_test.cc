#include "agent/overhead/report/report_markdown.h"
#include "agent/overhead/report/report_svg.h"
#include "agent/overhead/report/report_table.h"
#include "agent/overhead/report/report_words.h"

#include "agent/overhead/progress.h"
#include "tests/agent/overhead/model/record_builder.h"

#include <gmock/gmock.h>
#include <boost/json.hpp>

#include <algorithm>
#include <sstream>

namespace tallyman::overhead {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;

std::size_t columns_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

RecordBuilder usual() {
  RecordBuilder builder;
  builder.cell("integer", "bare", 7550, 0.001)
      .cell("integer", "cgroup", 7551, 0.001)
      .cell("integer", "docker", 9060, 0.001)
      .cell("integer", "control", 7550, 0.001)
      .cell("write-fsync", "bare", 900'000, 0.01)
      .cell("write-fsync", "docker-volume", 9'900'000, 0.01, 2, "docker-volume: bind mount")
      .cell("write-fsync", "control", 900'000, 0.01);
  builder.record.modes.push_back({"podman", "podman run", std::string(300, 'x') + " is not installed", {}});
  return builder;
}

TEST(OverheadTable, FitsEightyColumnsAndQuotesNoNoise) {
  const Record record = usual().record;
  const std::string table = table_text(record, analyse(record));
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);) {
    if (line.find("xxx") != line.npos) continue;
    EXPECT_LE(columns_of(line), 80U) << line;
  }
  EXPECT_THAT(table, HasSubstr("integer: "));
  EXPECT_THAT(table, HasSubstr("Time of one operation against bare; 10 rounds; 95 % interval after each ratio.\n"));
  EXPECT_THAT(table, ::testing::ContainsRegex("cgroup +no measurable difference\n"));
  EXPECT_THAT(table, ::testing::ContainsRegex("docker +[0-9.]+ µs +\\+20 %  \\+20 \\.\\. \\+2[01] % +CPU \\+20 %\n"));
  EXPECT_THAT(table, ::testing::ContainsRegex("docker-volume: bind mount +[0-9.]+ ms +x 11"));
  EXPECT_THAT(table, HasSubstr("Left out\n  podman"));
  EXPECT_THAT(table, HasSubstr("own clocks: cgroup\n  1.010"));
}

TEST(OverheadTable, NumbersAreReadable) {
  EXPECT_EQ(time_text(0.5), "0.50 ns");
  EXPECT_EQ(time_text(12.34), "12.3 ns");
  EXPECT_EQ(time_text(999.6), "1.00 µs");
  EXPECT_EQ(time_text(1.5e6), "1.50 ms");
  EXPECT_EQ(time_text(2.0e9), "2.00 s");
  EXPECT_EQ(change_text(1.052), "+5.2 %");
  EXPECT_EQ(change_text(0.8), "-20 %");
  EXPECT_EQ(change_text(12.34), "x 12");
  EXPECT_EQ(change_text(0.25), "x 0.25");
  EXPECT_EQ(interval_text({1.04, 1.07}), "+4.0 .. +7.0 %");
  EXPECT_EQ(interval_text({1.9, 2.2}), "x 1.9 .. 2.2");
  EXPECT_EQ(noise_text(1.004), "0.4 %");
}

TEST(OverheadReport, JsonHasNoRatioWhereNothingDiffers) {
  const Record record = usual().record;
  const auto report = boost::json::parse(report_json(record, analyse(record)));
  bool same = false, different = false, control = false;
  for (const auto& value : report.at("results").as_array()) {
    const auto& result = value.as_object();
    if (result.at("workload") == "integer" && result.at("label") == "cgroup") {
      same = !result.at("wall").at("differs").as_bool() && !result.at("wall").as_object().contains("ratio");
    }
    if (result.at("workload") == "integer" && result.at("label") == "control") {
      const auto& interval = result.at("cpu").at("interval").as_array();
      control = interval.at(0).to_number<double>() < 1.001 && interval.at(1).to_number<double>() > 0.999;
    }
    if (result.at("workload") == "integer" && result.at("label") == "docker") {
      different = std::abs(result.at("wall").at("ratio").to_number<double>() - 1.2) < 0.01;
    }
  }
  EXPECT_TRUE(same);
  EXPECT_TRUE(different);
  EXPECT_TRUE(control) << "of CPU time too";
  EXPECT_EQ(to_json(from_json(report_json(record, analyse(record))).value()), to_json(record));
}

TEST(OverheadReport, MarkdownNamesItsPicturesAndFacts) {
  const Record record = usual().record;
  const std::string text = markdown_text(record, analyse(record));
  for (const char* words : {"![Processor and kernel](processor.svg)", "![Files](files.svg)", "| kernel | Linux 6.18 |",
                            "| docker | ", "no measurable difference", "seed 42"}) {
    EXPECT_THAT(text, HasSubstr(words));
  }
  EXPECT_THAT(text, Not(HasSubstr("network.svg")));
}

double attribute(const std::string& tag, const std::string& name) {
  const auto at = tag.find(" " + name + "=\"");
  return at == tag.npos ? -1 : std::stod(tag.substr(at + name.size() + 3));
}

TEST(OverheadPictures, BarsBeginAtOneAndPointTheRightWay) {
  RecordBuilder builder;
  builder.cell("integer", "bare", 1000, 0.001)
      .cell("integer", "docker", 1500, 0.001, 1, "a <b> & \"c\"")
      .cell("integer", "lxc", 800, 0.001)
      .cell("integer", "control", 1000, 0.001);
  const auto all = pictures(builder.record, analyse(builder.record));
  ASSERT_EQ(all.size(), 1U);
  const std::string& svg = all[0].svg;
  EXPECT_THAT(svg, AllOf(HasSubstr("a &lt;b> &amp; &quot;c&quot;"), HasSubstr("class=\"noise\""),
                         ::testing::EndsWith("</svg>\n")));
  std::istringstream lines(svg);
  double one = -1, slower = -1, faster_end = -1;
  for (std::string line; std::getline(lines, line);) {
    if (line.find("class=\"one\"") != line.npos) one = attribute(line, "x1");
    if (line.find("class=\"slower\"") != line.npos) slower = attribute(line, "x");
    if (line.find("class=\"faster\"") != line.npos) faster_end = attribute(line, "x") + attribute(line, "width");
    for (const char* name : {"x", "x1", "x2"}) EXPECT_LE(attribute(line, name), 860) << line;
  }
  EXPECT_NEAR(slower, one, 0.2);
  EXPECT_NEAR(faster_end, one, 0.2);
}

TEST(OverheadComparison, FitsEightyColumns) {
  RecordBuilder later;
  later.cell("integer", "bare", 1000, 0.01)
      .cell("integer", "docker", 1900, 0.01)
      .cell("integer", "control", 1000, 0.01);
  const Record before = usual().record;
  const std::string text = comparison_text(before, later.record, compare(before, later.record));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(columns_of(line), 80U) << line;
  EXPECT_THAT(text, HasSubstr("+20 % -> +90 %"));
}

TEST(OverheadProgress, TheBarFitsTheTerminal) {
  EXPECT_EQ(Progress::bar(1, 4, std::chrono::seconds(75), "round 1 of 10: write in docker", 100),
            "[#####...............] 25 %  1 min 15 s left  round 1 of 10: write in docker");
  EXPECT_EQ(Progress::bar(9, 4, std::chrono::seconds(0), "x", 30).size(), 29U);
}

TEST(OverheadProgress, DroppedStepsDoNotCount) {
  std::ostringstream out;
  Progress progress(out, false);
  progress.expect(1'000'000);
  progress.step(1, 2, "a");
  progress.expect(0);
  progress.step(2, 2, "b");
  EXPECT_EQ(out.str(), "round 1 of 2\nround 2 of 2, 0 s left\n");
}

TEST(OverheadProgress, OneLinePerRoundWithoutATerminal) {
  std::ostringstream out;
  Progress progress(out, false);
  progress.expect(4);
  progress.step(1, 2, "a");
  progress.step(1, 2, "b");
  progress.note("podman: left out");
  progress.step(2, 2, "a");
  progress.end();
  EXPECT_THAT(out.str(), ::testing::MatchesRegex("round 1 of 2\npodman: left out\nround 2 of 2, .* left\n"));
}

}  // namespace
}  // namespace tallyman::overhead
