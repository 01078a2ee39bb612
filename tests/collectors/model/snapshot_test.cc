#include "collectors/model/utf8.h"
#include "tests/support/snapshot_builder.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

using test::SnapshotBuilder;
using test::workload_of;

std::string escaped(std::string_view text) {
  std::string out = "<";
  append_escaped_label(out, text);
  return out;
}

TEST(EscapedLabel, LeavesPlainTextAlone) {
  EXPECT_EQ(escaped(""), "<");
  EXPECT_EQ(escaped("/docker/0a1b"), "</docker/0a1b");
  EXPECT_EQ(escaped("Grüße, 世界, \xF0\x9F\x90\xB3"), "<Grüße, 世界, \xF0\x9F\x90\xB3");
}

TEST(EscapedLabel, EscapesQuoteBackslashAndNewline) {
  EXPECT_EQ(escaped("\"\\\n"), "<\\\"\\\\\\n");
  EXPECT_EQ(escaped("a\"b\\c\nd"), "<a\\\"b\\\\c\\nd");
}

TEST(EscapedLabel, KeepsOtherControlCharactersButNotNul) {
  EXPECT_EQ(escaped("\t\r\x01\x7f"), "<\t\r\x01\x7f");
  EXPECT_EQ(escaped(std::string_view("a\0b", 3)), R"(<a\\x00b)");
}

TEST(Utf8, KeepsEveryWellFormedSequence) {
  for (std::string_view text : {"\x7f", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                                "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_EQ(valid_utf8(text), text);
    EXPECT_EQ(escaped(text), "<" + std::string(text));
  }
}

TEST(Utf8, WritesEachByteThatIsPartOfNoneInHexadecimal) {
  EXPECT_EQ(valid_utf8("a\x80z"), R"(a\x80z)");
  EXPECT_EQ(valid_utf8("\xC0\xAF"), R"(\xc0\xaf)");                  // overlong '/'
  EXPECT_EQ(valid_utf8("\xC1\xBF"), R"(\xc1\xbf)");                  // overlong
  EXPECT_EQ(valid_utf8("\xE0\x9F\xBF"), R"(\xe0\x9f\xbf)");          // overlong
  EXPECT_EQ(valid_utf8("\xF0\x8F\xBF\xBF"), R"(\xf0\x8f\xbf\xbf)");  // overlong
  EXPECT_EQ(valid_utf8("\xED\xA0\x80"), R"(\xed\xa0\x80)");          // surrogate
  EXPECT_EQ(valid_utf8("\xF4\x90\x80\x80"), R"(\xf4\x90\x80\x80)");  // above U+10FFFF
  EXPECT_EQ(valid_utf8("\xF5\x80\x80\x80"), R"(\xf5\x80\x80\x80)");
  EXPECT_EQ(valid_utf8("\xFF"), R"(\xff)");
  EXPECT_EQ(valid_utf8("x\xE4\xB8"), R"(x\xe4\xb8)");  // cut in half
  EXPECT_EQ(valid_utf8("\xE4\xB8x"), R"(\xe4\xb8x)");
  EXPECT_EQ(valid_utf8("\xC3"), R"(\xc3)");
}

TEST(EscapedLabel, KeepsDifferentBytesApart) {
  EXPECT_EQ(escaped("/fr\xff"), R"(</fr\\xff)");
  EXPECT_EQ(escaped("/fr\xfe"), R"(</fr\\xfe)");
}

TEST(Utf8, IsStableOnceDone) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.append(2, static_cast<char>(i)).append("\xC3");
  const std::string once = valid_utf8(bytes);
  EXPECT_EQ(valid_utf8(once), once);
}

constexpr MetricDefinition kMetrics[] = {
    {"test_bytes", MetricType::kGauge, "bytes", Scale::kUnits, "Test.", "device", "-", "-"},
    {"test_ops_total", MetricType::kCounter, "", Scale::kUnits, "Test.", "device", "-", "-"},
    {"test_gone", MetricType::kGauge, "", Scale::kUnits, "Test.", "", "-", "-"},
};
const CatalogueEntry kCatalogue[] = {{&kMetrics[0], "t"}, {&kMetrics[1], "t"}, {&kMetrics[2], "t"}};

TEST(SumOf, AddsOneMetricOfOneBlock) {
  const auto snapshot =
      SnapshotBuilder(kCatalogue)
          .add(workload_of(WorkloadKind::kHost, "/", "host"), "id=\"/\"",
               [](SeriesWriter& w) {
                 w.put(0, {"a"}, 100);
                 w.put(1, {"a"}, 1);
                 w.put(0, {"b"}, 23);
                 w.put(1, {"b"}, 2);
               })
          .add(workload_of(WorkloadKind::kService, "/s", "s"), "id=\"/s\"", [](SeriesWriter& w) { w.put(1, {"a"}, 0); })
          .build();
  const Block& host = snapshot->layout->blocks[0];
  const Block& service = snapshot->layout->blocks[1];
  EXPECT_EQ(sum_of(*snapshot, host, 0), 123U);
  EXPECT_EQ(sum_of(*snapshot, host, 1), 3U);
  EXPECT_EQ(sum_of(*snapshot, host, 2), std::nullopt);
  EXPECT_EQ(sum_of(*snapshot, service, 0), std::nullopt);
  EXPECT_EQ(sum_of(*snapshot, service, 1), 0U);
}

TEST(SumOf, SkipsAbsentSlotsAndNeverWraps) {
  auto snapshot = SnapshotBuilder(kCatalogue)
                      .add(workload_of(WorkloadKind::kHost, "/", "host"), "",
                           [](SeriesWriter& w) {
                             w.put(0, {"a"}, 5);
                             w.put(0, {"b"}, 6);
                             w.put(1, {"a"}, kAbsent - 1);
                             w.put(1, {"b"}, 1);
                           })
                      .build();
  const Block& block = snapshot->layout->blocks[0];
  EXPECT_EQ(sum_of(*snapshot, block, 1), kAbsent - 1);
  snapshot->values[0] = kAbsent;
  EXPECT_EQ(sum_of(*snapshot, block, 0), 6U);
  snapshot->values[1] = kAbsent;
  EXPECT_EQ(sum_of(*snapshot, block, 0), std::nullopt);
}

}  // namespace
}  // namespace tallyman
