#include "tests/exporters/test_metrics.h"
#include "tests/support/exposition_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include <random>
#include <sstream>

namespace tallyman {
namespace {

using namespace tallyman::test;

// The same families as prometheus-cpp objects.
std::vector<prometheus::MetricFamily> as_prometheus_cpp(
    const Snapshot& snapshot, const std::vector<std::vector<prometheus::ClientMetric::Label>>& base) {
  std::vector<prometheus::MetricFamily> families;
  for (std::size_t id = 0; id < kTestCatalogue.size(); ++id) {
    const MetricDefinition& metric = *kTestCatalogue[id].definition;
    prometheus::MetricFamily family;
    family.name = metric.name;
    family.help = "help";
    family.type = metric.type == MetricType::kCounter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
    for (std::size_t b = 0; b < snapshot.layout->blocks.size(); ++b) {
      const Block& block = snapshot.layout->blocks[b];
      for (const Series& series : block.plan->series) {
        if (series.metric != id) continue;
        prometheus::ClientMetric one;
        one.label = base[b];
        const std::string_view labels = block.plan->labels_of(series);
        if (!labels.empty()) {  // this test's extra labels need no escapes
          const std::size_t equals = labels.find('=');
          one.label.push_back({std::string(labels.substr(0, equals)),
                               std::string(labels.substr(equals + 2, labels.size() - equals - 3))});
        }
        const double unit = metric.scale == Scale::kNanoseconds    ? 1e9
                            : metric.scale == Scale::kMicroseconds ? 1e6
                            : metric.scale == Scale::kMilliseconds ? 1e3
                                                                   : 1;
        const double value = static_cast<double>(snapshot.value(block, series)) / unit;
        (metric.type == MetricType::kCounter ? one.counter.value : one.gauge.value) = value;
        family.metric.push_back(std::move(one));
      }
    }
    if (!family.metric.empty()) families.push_back(std::move(family));
  }
  return families;
}

class Oracle : public ::testing::Test {
 protected:
  using Labels = std::vector<prometheus::ClientMetric::Label>;

  void add(const Labels& labels, const std::function<void(SeriesWriter&)>& put) {
    std::string base;
    for (const auto& label : labels) {
      if (!base.empty()) base += ',';
      base.append(label.name).append("=\"");
      append_escaped_label(base, label.value);
      base += '"';
    }
    builder_.add(anything(), base, put);
    base_.push_back(labels);
  }

  SnapshotBuilder builder_{kTestCatalogue};
  std::vector<Labels> base_;
};

TEST_F(Oracle, PrometheusCppReadsToTheSameSeriesAndValues) {
  // Values that fit its 16 digits.
  add({{"id", "/docker/1"}, {"name", "quote\" backslash\\ newline\n end"}, {"image", "a=b,c={d}"}},
      [](SeriesWriter& w) {
        w.put(kCpu, {"total"}, 12'345'678'901);
        w.put(kMemory, 9'007'199'254'740);
        w.put(kReads, {"/dev/vda"}, 0);
        w.put(kReads, {"/dev/mapper/a b"}, 1);
        w.put(kFailcnt, 3);
        w.put(kMillis, 61'230);
        w.put(kMicros, 1);
      });
  add({{"id", "/docker/2"}, {"name", "Grüße, \xF0\x9F\x90\xB3"}}, [](SeriesWriter& w) {
    w.put(kCpu, {"total"}, 1);
    w.put(kMemory, 0);
  });
  add({}, [](SeriesWriter& w) { w.put(kMemory, 1); });
  const auto snapshot = builder_.build();

  const ParsedExposition ours = parse_prometheus_text(render(*snapshot));
  std::ostringstream stream;
  prometheus::TextSerializer().Serialize(stream, as_prometheus_cpp(*snapshot, base_));
  const ParsedExposition theirs = parse_prometheus_text(stream.str());

  EXPECT_THAT(ours.faults, ::testing::IsEmpty());
  EXPECT_THAT(theirs.faults, ::testing::IsEmpty());
  EXPECT_EQ(ours.series.size(), 10U);
  EXPECT_EQ(ours.series, theirs.series);
  for (const auto& [name, family] : theirs.families) EXPECT_EQ(ours.families.at(name).type, family.type) << name;

  const ParsedExposition open = parse_openmetrics(render(*snapshot, TextFormat::kOpenMetrics) + "# EOF\n");
  EXPECT_THAT(open.faults, ::testing::IsEmpty());
  EXPECT_EQ(open.series, ours.series);
}

TEST_F(Oracle, RandomSnapshotsAreValidInBothFormats) {
  std::mt19937_64 random(6);
  for (int round = 0; round < 50; ++round) {
    SnapshotBuilder builder(kTestCatalogue);
    const std::size_t blocks = random() % 40;
    for (std::size_t b = 0; b < blocks; ++b) {
      std::string noise(random() % 30, '\0');
      for (char& c : noise) c = static_cast<char>(random());
      std::string base = "id=\"" + std::to_string(b);
      append_escaped_label(base, noise);
      builder.add(anything(), base + '"', [&](SeriesWriter& w) {
        for (std::size_t i = 0; i < random() % 20; ++i) {
          const std::uint64_t value = random() >> (random() % 64);
          std::string device(random() % 6, '\0');
          for (char& c : device) c = static_cast<char>(random());
          switch (random() % 4) {
            case 0:
              w.put(kCpu, {device}, value);
              break;
            case 1:
              w.put(kMemory, value);
              break;
            case 2:
              w.put(kFailures, {device, "container"}, value);
              break;
            default:
              w.put(kMicros, value);
          }
        }
      });
    }
    const auto snapshot = builder.build();
    const ParsedExposition plain = parse_prometheus_text(render(*snapshot));
    const ParsedExposition open = parse_openmetrics(render(*snapshot, TextFormat::kOpenMetrics) + "# EOF\n");
    ASSERT_THAT(plain.faults, ::testing::IsEmpty());
    ASSERT_THAT(open.faults, ::testing::IsEmpty());
    ASSERT_EQ(plain.series, open.series);
    std::size_t expected = 0;
    for (const Block& block : snapshot->layout->blocks) expected += block.plan->series.size();
    ASSERT_EQ(plain.series.size(), expected);
  }
}

}  // namespace
}  // namespace tallyman
