#include "agent/overhead/model/report_store.h"

#include "agent/overhead/report/report_markdown.h"
#include "tests/agent/overhead/model/record_builder.h"
#include "tests/support/host_builder.h"

#include <gmock/gmock.h>
#include <boost/json.hpp>

#include <filesystem>
#include <fstream>

namespace tallyman::overhead {
namespace {

using ::testing::HasSubstr;
namespace json = boost::json;

class OverheadReportsTest : public ::testing::Test {
 protected:
  void put(const std::string& run, const std::string& text) {
    std::filesystem::create_directories(directory_ + "/" + run);
    std::ofstream(directory_ + "/" + run + "/report.json") << text;
  }
  // Docker takes `factor` times as long as bare.
  static std::string report_of(double factor, const std::string& began = "2026-11-24T10:15:00Z") {
    RecordBuilder builder;
    builder.cell("integer", "bare", 1000, 0.001)
        .cell("integer", "cgroup", 1000, 0.001)
        .cell("integer", "docker", 1000 * factor, 0.001)
        .cell("integer", "control", 1000, 0.001);
    builder.record.began = began;
    builder.record.extent = "quick";
    return report_json(builder.record, analyse(builder.record));
  }
  ReportList list() {
    const auto list = reports_.list();
    EXPECT_TRUE(list) << list.error().text;
    return list ? *list : ReportList{};
  }
  std::string failure_of(const std::string& run) {
    const auto text = reports_.report(run);
    return text ? "no failure" : text.error().text;
  }

  HostBuilder host_;
  const std::string top_ = host_.root().rootfs;
  const std::string directory_ = top_ + "/overhead";
  OverheadReports reports_{directory_};
};

TEST_F(OverheadReportsTest, NothingWasMeasuredYet) {
  EXPECT_TRUE(list().summaries.empty());
  EXPECT_EQ(reports_.newest(), nullptr);
}

TEST_F(OverheadReportsTest, ListsTheNewestFirstAndServesEachUnchanged) {
  const std::string text = report_of(1.5);
  put("20261124-101500-3f2a", text);
  put("20261125-090000-0001", report_of(2, "2026-11-25T09:00:00Z"));
  const std::vector<std::string> listed = list().summaries;
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(list().directory, directory_);
  EXPECT_EQ(json::parse(listed[0]).at("run"), "20261125-090000-0001");
  EXPECT_EQ(json::parse(listed[0]).at("began"), "2026-11-25T09:00:00Z");
  EXPECT_EQ(json::parse(listed[1]).at("extent"), "quick");
  const auto report = reports_.report("20261124-101500-3f2a");
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_EQ(json::parse(*report), json::parse(text));
}

TEST_F(OverheadReportsTest, TheNewestHasANumberOnlyForRealDifferences) {
  put("20261124-101500-3f2a", report_of(1.5));
  const auto newest = reports_.newest();
  ASSERT_NE(newest, nullptr);
  EXPECT_EQ(newest->run_timestamp_seconds, 1'795'515'300.0);
  ASSERT_EQ(newest->cells.size(), 2U) << "without baseline and control";
  EXPECT_EQ(newest->cells[0].place, "cgroup");
  EXPECT_FALSE(newest->cells[0].ratio);
  EXPECT_NEAR(newest->cells[0].low, 1, 0.01);
  EXPECT_EQ(newest->cells[1].work, "integer");
  ASSERT_TRUE(newest->cells[1].ratio);
  EXPECT_NEAR(*newest->cells[1].ratio, 1.5, 0.01);
  EXPECT_LT(newest->cells[1].low, newest->cells[1].high);
  EXPECT_GE(newest->noise_floor.at("integer"), 1);
  EXPECT_LT(newest->noise_floor.at("integer"), 1.02);
  EXPECT_EQ(reports_.newest(), newest) << "read once";
}

TEST_F(OverheadReportsTest, ANewReportIsSeen) {
  put("20261124-101500-3f2a", report_of(1.5));
  const auto before = reports_.newest();
  std::filesystem::create_directory(directory_ + "/20261126-000000-beef");  // a run in progress
  EXPECT_EQ(reports_.newest(), before);
  put("20261126-000000-beef", report_of(3));
  ASSERT_NE(reports_.newest(), before);
  EXPECT_NEAR(reports_.newest()->cells[1].ratio.value_or(0), 3, 0.05);
  std::filesystem::remove_all(directory_ + "/20261126-000000-beef");
  EXPECT_NEAR(reports_.newest()->cells[1].ratio.value_or(0), 1.5, 0.05);
}

TEST_F(OverheadReportsTest, AFileThatIsNoReportIsNamedAndTheOthersAreThere) {
  put("20261124-101500-3f2a", report_of(1.5));
  const std::string whole = report_of(2);
  put("20261125-000000-0001", whole.substr(0, whole.size() / 2));
  put("20261125-000000-0002", R"({"began":"2026-11-25T00:00:00Z","results":[7]})");
  put("20261125-000000-0003", "");
  EXPECT_EQ(list().summaries.size(), 1U);
  const auto unreadable = list().unreadable;
  ASSERT_EQ(unreadable.size(), 3U);
  EXPECT_EQ(unreadable[2].run, "20261125-000000-0001");
  EXPECT_THAT(unreadable[2].error, HasSubstr("20261125-000000-0001/report.json"));
  EXPECT_EQ(failure_of("20261125-000000-0001"), unreadable[2].error);
  EXPECT_NE(reports_.newest(), nullptr) << "the last that can be read";
}

TEST_F(OverheadReportsTest, LeadsToNoOtherFile) {
  put("20261124-101500-3f2a", report_of(1.5));
  std::ofstream(top_ + "/report.json") << report_of(2);
  for (const char* const run : {"..", ".", "", "20261124-101500-3f2a/..", "../overhead/20261124-101500-3f2a", "-x"}) {
    const auto report = reports_.report(run);
    ASSERT_FALSE(report) << run;
    EXPECT_EQ(report.error().kind, FailureKind::kNotFound) << run;
  }
  EXPECT_THAT(failure_of("20261124-101500-0000"), HasSubstr("/api/v1/overhead lists all"));
}

TEST_F(OverheadReportsTest, APathThatIsNoDirectoryIsNamed) {
  std::ofstream(directory_) << "a file";
  const auto failed = reports_.list();
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().text, HasSubstr(directory_));
  EXPECT_EQ(reports_.newest(), nullptr);
}

}  // namespace
}  // namespace tallyman::overhead
