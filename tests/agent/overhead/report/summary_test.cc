#include "agent/overhead/report/summary.h"

#include "agent/overhead/report/report_markdown.h"
#include "agent/overhead/report/report_table.h"
#include "agent/overhead/report/report_words.h"
#include "tests/agent/overhead/model/record_builder.h"

#include <gmock/gmock.h>
#include <boost/json.hpp>

namespace tallyman::overhead {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// Adds a workload with its baseline and control.
void add(RecordBuilder& builder, const std::string& workload, const std::string& mode, double bare_ns, double ns,
         double cpu_share = 1) {
  builder.cell(workload, "bare", bare_ns, 0.001, cpu_share)
      .cell(workload, mode, ns, 0.001, cpu_share)
      .cell(workload, "control", bare_ns, 0.001, cpu_share);
}

RecordBuilder docker() {
  RecordBuilder builder;
  add(builder, "integer", "docker", 5'000, 5'001);
  add(builder, "system-calls", "docker", 1'000, 1'000.2);
  add(builder, "start", "docker", 3.8e6, 493e6, 0);
  add(builder, "write", "docker", 8'000, 8'001);
  add(builder, "copy-up-4k", "docker", 13'000, 700'000);
  add(builder, "copy-up-16m", "docker", 100'000, 20.6e6);
  add(builder, "loopback-latency", "docker", 30'000, 30'005);
  add(builder, "tcp-latency", "docker-published", 30'000, 90'000, 0.3);
  return builder;
}

std::vector<std::string> summary_of(const RecordBuilder& builder) {
  return overhead::summary_of(builder.record, analyse(builder.record));
}

TEST(OverheadSummary, IsTheAnswerInOneSentence) {
  const std::string sentence =
      "A Docker container here: starts in 574 ms instead of 4.43 ms; the first write to a file of 16 MiB from the "
      "image takes 24.0 ms instead of 116 µs (1 more differs); a published port: latency x 3.0; computing, system "
      "calls "
      "and processes, files, network: no measurable difference.";
  EXPECT_THAT(summary_of(docker()), ElementsAre(sentence));
}

TEST(OverheadSummary, HasNoNumberInsideTheNoise) {
  RecordBuilder builder;
  builder.cell("start", "bare", 5e6, 0.1, 0).cell("start", "docker", 6e6, 0.1, 0).cell("start", "control", 9e6, 0.1, 0);
  const std::string noise = noise_text(analyse(builder.record).groups.at(0).floor_wall);
  EXPECT_THAT(summary_of(builder), ElementsAre("A Docker container here: start: no measurable difference.",
                                               "The noise was up to " + noise + ": smaller differences do not show."));
}

TEST(OverheadSummary, SaysWhatABusyMachineHides) {
  RecordBuilder builder;
  add(builder, "start", "docker", 3.8e6, 493e6, 0);
  add(builder, "tcp-latency", "docker-published", 30'000, 90'000, 1);
  add(builder, "integer", "docker", 5'000, 5'001);
  builder.cell("page-faults", "bare", 10'000, 0.001)
      .waiting(10)
      .cell("page-faults", "docker", 31'000, 0.001, 1 / 3.1)
      .waiting(21'000)
      .cell("page-faults", "control", 10'000, 0.001)
      .waiting(10)
      .others_use(0.9);
  EXPECT_THAT(
      summary_of(builder),
      ElementsAre("A Docker container here: starts in 574 ms instead of 4.43 ms; a published port: latency x 3.0; "
                  "computing: no measurable difference; system calls and processes: cannot tell, because this "
                  "machine is busy.",
                  "Measure again while the machine is idle to learn the rest."));
}

TEST(OverheadSummary, NamesWhatDiffersInAnAreaAndTheRestOfIt) {
  RecordBuilder builder;
  add(builder, "write", "podman", 8'000, 8'001);
  add(builder, "small-files", "podman", 104'000, 43'600);
  add(builder, "write-fsync", "podman", 254'000, 3'920);
  EXPECT_THAT(summary_of(builder),
              ElementsAre("A Podman container here: write-fsync takes 4.57 µs instead of 296 µs (1 "
                          "more differs); other files: no measurable difference."));
}

TEST(OverheadSummary, HasASentenceForEachRuntimeAndNamesAnotherBaseline) {
  RecordBuilder builder;
  builder.record.baseline = "docker";
  builder.cell("integer", "docker", 5'000, 0.001)
      .cell("integer", "podman", 5'001, 0.001)
      .cell("integer", "lxc", 5'001, 0.001)
      .cell("integer", "cgroup", 5'001, 0.001)
      .cell("integer", "control", 5'000, 0.001);
  EXPECT_THAT(summary_of(builder),
              ElementsAre("A Podman container here, compared with docker: computing: no measurable difference.",
                          "An LXC container here, compared with docker: computing: no measurable difference."));
}

TEST(OverheadSummary, WithoutAnyContainerItIsThatOfACgroup) {
  RecordBuilder builder;
  EXPECT_THAT(summary_of(builder), IsEmpty());
  add(builder, "integer", "cgroup", 5'000, 6'000);
  EXPECT_THAT(summary_of(builder),
              ElementsAre("A process in a cgroup of its own here: integer takes 6.99 µs instead of 5.83 µs."));
}

TEST(OverheadSummary, StandsAboveEachReport) {
  const RecordBuilder builder = docker();
  const Analysis analysis = analyse(builder.record);
  EXPECT_THAT(table_text(builder.record, analysis), StartsWith("A Docker container here: starts in 574 ms"));
  EXPECT_THAT(markdown_text(builder.record, analysis),
              StartsWith("# What a container costs here\n\nA Docker container here: starts in 574 ms"));
  const auto report = boost::json::parse(report_json(builder.record, analysis));
  ASSERT_EQ(report.at("summary").as_array().size(), 1U);
  EXPECT_THAT(std::string(report.at("summary").as_array()[0].as_string()),
              HasSubstr("a published port: latency x 3.0"));
}

}  // namespace
}  // namespace tallyman::overhead
