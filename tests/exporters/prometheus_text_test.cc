#include "exporters/prometheus_text.h"
#include "tests/exporters/test_metrics.h"
#include "tests/support/exposition_parser.h"
#include "tests/support/snapshot_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <clocale>
#include <cmath>
#include <limits>
#include <locale>
#include <random>
#include <sstream>

namespace tallyman {
namespace {

using namespace tallyman::test;

std::string value_text(std::uint64_t value, Scale scale) {
  std::string out;
  append_value(out, value, scale);
  return out;
}

std::string double_text(double value) {
  std::string out;
  append_double(out, value);
  return out;
}

TEST(Value, IsWrittenExactly) {
  EXPECT_EQ(value_text(0, Scale::kUnits), "0");
  EXPECT_EQ(value_text(kAbsent - 1, Scale::kUnits), "18446744073709551614");
  EXPECT_EQ(value_text(0, Scale::kNanoseconds), "0");
  EXPECT_EQ(value_text(1, Scale::kNanoseconds), "0.000000001");
  EXPECT_EQ(value_text(12'345'678'901, Scale::kNanoseconds), "12.345678901");
  EXPECT_EQ(value_text(2'000'000'000, Scale::kNanoseconds), "2");
  EXPECT_EQ(value_text(2'500'000'000, Scale::kNanoseconds), "2.5");
  EXPECT_EQ(value_text(1'050'000'000, Scale::kNanoseconds), "1.05");
  EXPECT_EQ(value_text(999'999'999, Scale::kNanoseconds), "0.999999999");
  EXPECT_EQ(value_text(kAbsent - 1, Scale::kNanoseconds), "18446744073.709551614");
  EXPECT_EQ(value_text(1, Scale::kMicroseconds), "0.000001");
  EXPECT_EQ(value_text(1'500'000, Scale::kMicroseconds), "1.5");
  EXPECT_EQ(value_text(7, Scale::kMilliseconds), "0.007");
  EXPECT_EQ(value_text(61'230, Scale::kMilliseconds), "61.23");
}

TEST(Value, InNanosecondsIsTheDoubleNearestToIt) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t nsec = random() >> (11 + random() % 53);  // a double holds it, so the quotient is the nearest
    const std::string text = value_text(nsec, Scale::kNanoseconds);
    double parsed = 0;
    ASSERT_EQ(std::from_chars(text.data(), text.data() + text.size(), parsed).ec, std::errc());
    ASSERT_EQ(parsed, static_cast<double>(nsec) / 1e9) << text;
    ASSERT_EQ(text.find('e'), std::string::npos);
  }
}

TEST(Double, IsWrittenAsPrometheusExpects) {
  EXPECT_EQ(double_text(0), "0");
  EXPECT_EQ(double_text(-0.0), "-0");
  EXPECT_EQ(double_text(1), "1");
  EXPECT_EQ(double_text(100'000), "100000");
  EXPECT_EQ(double_text(1'700'000'000), "1700000000");
  EXPECT_EQ(double_text(-3), "-3");
  EXPECT_EQ(double_text(0.1), "0.1");
  EXPECT_EQ(double_text(1e300), "1e+300");
  EXPECT_EQ(double_text(std::numeric_limits<double>::infinity()), "+Inf");
  EXPECT_EQ(double_text(-std::numeric_limits<double>::infinity()), "-Inf");
  EXPECT_EQ(double_text(std::numeric_limits<double>::quiet_NaN()), "NaN");
  EXPECT_EQ(double_text(-std::numeric_limits<double>::quiet_NaN()), "NaN");
}

void check_round_trips(int count, unsigned seed) {
  std::mt19937_64 random(seed);
  for (int i = 0; i < count; ++i) {
    const auto value = std::bit_cast<double>(random());
    const std::string text = double_text(value);
    if (std::isnan(value)) {
      ASSERT_EQ(text, "NaN");
    } else if (!std::isinf(value)) {
      double parsed = 0;
      const auto result = std::from_chars(text.data(), text.data() + text.size(), parsed);
      ASSERT_EQ(result.ptr, text.data() + text.size()) << text;
      ASSERT_EQ(std::bit_cast<std::uint64_t>(parsed), std::bit_cast<std::uint64_t>(value)) << text;
    }
  }
}

TEST(Double, RoundTripsForAMillionBitPatterns) { check_round_trips(1'000'000, 4); }

struct CommaPunctuation : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

TEST(Double, IsTheSameInLocalesWithADecimalComma) {
  const std::string c_before = std::setlocale(LC_ALL, nullptr);
  const std::locale before = std::locale::global(std::locale(std::locale::classic(), new CommaPunctuation));
  for (const char* name : {"de_DE.UTF-8", "de_DE.utf8", "de_DE"}) {
    if (std::setlocale(LC_ALL, name) != nullptr) break;  // if the host has it
  }
  EXPECT_EQ((std::ostringstream() << 1234.5).str(), "1.234,5");
  EXPECT_EQ(double_text(1234.5), "1234.5");
  EXPECT_EQ(value_text(1'234'500'000'000, Scale::kNanoseconds), "1234.5");
  check_round_trips(10'000, 5);
  std::locale::global(before);
  std::setlocale(LC_ALL, c_before.c_str());
}

TEST(RenderFamilies, WritesFamilyByFamilyInTheOrderOfTheCatalogue) {
  const auto snapshot = SnapshotBuilder(kTestCatalogue)
                            .add(workload_of(WorkloadKind::kHost, "/", "host"), R"(id="/",kind="host")",
                                 [](SeriesWriter& w) {
                                   w.put(kReads, {"/dev/vda"}, 7);
                                   w.put(kCpu, {"total"}, 12'345'678'901);
                                 })
                            .add(anything(), R"(id="/x",name="web")",
                                 [](SeriesWriter& w) {
                                   w.put(kCpu, {"total"}, 0);
                                   w.put(kMemory, 4096);
                                   w.put(kReads, {"/dev/vda"}, 1);
                                   w.put(kReads, {"/dev/vdb"}, 2);
                                 })
                            .build();
  EXPECT_EQ(render(*snapshot), R"(# HELP cpu_seconds_total CPU time.
# TYPE cpu_seconds_total counter
cpu_seconds_total{id="/",kind="host",cpu="total"} 12.345678901
cpu_seconds_total{id="/x",name="web",cpu="total"} 0
# HELP memory_bytes Memory.
# TYPE memory_bytes gauge
memory_bytes{id="/x",name="web"} 4096
# HELP reads_total Reads.
# TYPE reads_total counter
reads_total{id="/",kind="host",device="/dev/vda"} 7
reads_total{id="/x",name="web",device="/dev/vda"} 1
reads_total{id="/x",name="web",device="/dev/vdb"} 2
)");
}

TEST(RenderFamilies, NamesCountersAndUnitsAsOpenMetricsDoes) {
  const auto snapshot = SnapshotBuilder(kTestCatalogue)
                            .add(anything(), R"(id="/x")",
                                 [](SeriesWriter& w) {
                                   w.put(kCpu, {"total"}, 1);
                                   w.put(kMemory, 2);
                                   w.put(kFailcnt, 3);
                                   w.put(kInfo, 4);
                                   w.put(kOdd, 5);
                                 })
                            .build();
  EXPECT_EQ(render(*snapshot, TextFormat::kOpenMetrics), R"(# HELP cpu_seconds CPU time.
# TYPE cpu_seconds counter
# UNIT cpu_seconds seconds
cpu_seconds_total{id="/x",cpu="total"} 0.000000001
# HELP memory_bytes Memory.
# TYPE memory_bytes gauge
# UNIT memory_bytes bytes
memory_bytes{id="/x"} 2
# HELP failcnt Limit hits.
# TYPE failcnt unknown
failcnt{id="/x"} 3
# HELP memory_cache No unit in its name.
# TYPE memory_cache gauge
memory_cache{id="/x"} 4
# HELP odd A \\ and a \" and a\nnewline
# TYPE odd gauge
odd{id="/x"} 5
)");
}

TEST(RenderFamilies, LeavesQuotesInThePlainFormatsHelpAlone) {
  std::string header;
  append_family_header(header, kMetrics[kOdd], TextFormat::kPrometheus);
  EXPECT_EQ(header, "# HELP odd A \\\\ and a \" and a\\nnewline\n# TYPE odd gauge\n");
}

TEST(RenderFamilies, WritesBracesOnlyAroundLabels) {
  const auto snapshot = SnapshotBuilder(kTestCatalogue)
                            .add(anything(), "",
                                 [](SeriesWriter& w) {
                                   w.put(kMemory, 1);
                                   w.put(kReads, {"vda"}, 2);
                                 })
                            .build();
  EXPECT_THAT(render(*snapshot), ::testing::HasSubstr("\nmemory_bytes 1\n"));
  EXPECT_THAT(render(*snapshot), ::testing::HasSubstr("\nreads_total{device=\"vda\"} 2\n"));
}

TEST(RenderFamilies, WritesNothingForAFamilyWithoutSamples) {
  auto snapshot = SnapshotBuilder(kTestCatalogue)
                      .add(anything(), R"(id="/x")",
                           [](SeriesWriter& w) {
                             w.put(kMemory, 1);
                             w.put(kFailcnt, 2);
                           })
                      .build();
  snapshot->values[0] = kAbsent;
  EXPECT_EQ(render(*snapshot), "# HELP failcnt Limit hits.\n# TYPE failcnt counter\nfailcnt{id=\"/x\"} 2\n");
  snapshot->values[1] = kAbsent;
  EXPECT_EQ(render(*snapshot), "");
  EXPECT_EQ(render(*SnapshotBuilder(kTestCatalogue).build()), "");
}

TEST(RenderFamilies, WritesOnlyTheFamiliesOfTheFilter) {
  const auto snapshot = SnapshotBuilder(kTestCatalogue)
                            .add(anything(), R"(id="/x")",
                                 [](SeriesWriter& w) {
                                   w.put(kCpu, {"total"}, 1);
                                   w.put(kMemory, 2);
                                   w.put(kReads, {"a"}, 3);
                                   w.put(kReads, {"b"}, 4);
                                   w.put(kFailcnt, 5);
                                 })
                            .build();
  FamilyFilter filter(kTestCatalogue.size(), false);
  filter[kMemory] = filter[kFailcnt] = true;
  const ParsedExposition parsed = parse_prometheus_text(render(*snapshot, TextFormat::kPrometheus, filter));
  EXPECT_THAT(parsed.faults, ::testing::IsEmpty());
  EXPECT_EQ(parsed.series, (std::map<std::string, double>{{"memory_bytes{id=\"/x\"}", 2}, {"failcnt{id=\"/x\"}", 5}}));
}

TEST(RenderFamilies, AppendsToExistingText) {
  const auto snapshot =
      SnapshotBuilder(kTestCatalogue).add(anything(), "", [](SeriesWriter& w) { w.put(kMemory, 1); }).build();
  std::string out = "# before\n";
  render_families(*snapshot, TextFormat::kPrometheus, {}, out, kTestCatalogue);
  EXPECT_EQ(out, "# before\n# HELP memory_bytes Memory.\n# TYPE memory_bytes gauge\nmemory_bytes 1\n");
}

TEST(ReplaceByFamilies, LeavesNothingOfALongerOrShorterText) {
  const auto snapshot =
      SnapshotBuilder(kTestCatalogue).add(anything(), "", [](SeriesWriter& w) { w.put(kMemory, 1); }).build();
  const std::string expected = render(*snapshot);
  for (std::size_t before : {0UL, 1UL, expected.size(), 100'000UL}) {
    std::string out(before, 'x');
    replace_by_families(*snapshot, TextFormat::kPrometheus, {}, out, kTestCatalogue);
    EXPECT_EQ(out, expected) << before;
  }
  std::string out(1'000, 'x');
  replace_by_families(*SnapshotBuilder(kTestCatalogue).build(), TextFormat::kPrometheus, {}, out, kTestCatalogue);
  EXPECT_EQ(out, "");
}

TEST(RenderFamilies, WritesLabelsOf64KiBAndThousandsOfWorkloads) {
  SnapshotBuilder builder(kTestCatalogue);
  std::size_t expected = 0;
  for (int i = 0; i < 3'000; ++i) {
    const std::string id = "/docker/" + std::to_string(i);
    const std::string padding(i % 500 == 0 ? 65'536 : static_cast<std::size_t>(i % 97) + 1, 'p');
    builder.add(workload_of(WorkloadKind::kContainer, id, id), "id=\"" + id + "\",label=\"" + padding + "\"",
                [&](SeriesWriter& w) {
                  w.put(kCpu, {"total"}, static_cast<std::uint64_t>(i) * 1'000'003);
                  if (i % 3 == 0) w.put(kMemory, static_cast<std::uint64_t>(i));
                });
    expected += i % 3 == 0 ? 2 : 1;
  }
  const ParsedExposition parsed = parse_openmetrics(render(*builder.build(), TextFormat::kOpenMetrics) + "# EOF\n");
  EXPECT_THAT(parsed.faults, ::testing::IsEmpty());
  EXPECT_EQ(parsed.series.size(), expected);
}

TEST(ContentType, NamesTheVersion) {
  EXPECT_EQ(content_type(TextFormat::kPrometheus), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(content_type(TextFormat::kOpenMetrics), "application/openmetrics-text; version=1.0.0; charset=utf-8");
}

}  // namespace
}  // namespace tallyman
