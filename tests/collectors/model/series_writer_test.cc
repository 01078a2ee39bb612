#include "collectors/model/series_writer.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

constexpr MetricDefinition kMetrics[] = {
    {"zero_total", MetricType::kCounter, "", Scale::kUnits, "Test.", "", "-", "-"},
    {"one_total", MetricType::kCounter, "", Scale::kUnits, "Test.", "device", "-", "-"},
    {"two", MetricType::kGauge, "", Scale::kUnits, "Test.", "", "-", "-"},
    {"three_total", MetricType::kCounter, "", Scale::kUnits, "Test.", "failure_type,scope", "-", "-"},
};
const CatalogueEntry kCatalogue[] = {
    {&kMetrics[0], "t"}, {&kMetrics[1], "t"}, {&kMetrics[2], "t"}, {&kMetrics[3], "t"}};

using Planned = std::shared_ptr<const PlannedSeries>;
using Values = std::vector<std::uint64_t>;

constexpr std::string_view kBase = "id=\"/x\"";

template <class Put>
Planned sample(const Planned& previous, Values& out, const Put& put, std::string_view base = kBase) {
  SeriesWriter writer(previous, base, out, kCatalogue);
  put(writer);
  return writer.finish();
}

// "metric{labels}=value", in the order of the plan.
std::vector<std::string> text_of(const Planned& planned, const Values& values) {
  std::vector<std::string> lines;
  for (const Series& s : planned->plan.series) {
    lines.push_back(std::to_string(s.metric) + "{" + std::string(planned->plan.labels_of(s)) +
                    "}=" + std::to_string(values.at(s.slot)));
  }
  return lines;
}
using Lines = std::vector<std::string>;

void put_all(SeriesWriter& w) {
  w.put(3, {"pgfault", "container"}, 30);
  w.put(0, 10);
  w.put(1, {"/dev/vda"}, 20);
  w.put(1, {"/dev/vdb"}, 21);
}

TEST(SeriesWriter, SortsByMetricAndKeepsTheOrderWithinOne) {
  Values values;
  const Planned planned = sample(nullptr, values, put_all);
  EXPECT_EQ(text_of(planned, values), (Lines{"0{}=10", "1{device=\"/dev/vda\"}=20", "1{device=\"/dev/vdb\"}=21",
                                             "3{failure_type=\"pgfault\",scope=\"container\"}=30"}));
  EXPECT_EQ(planned->plan.base_labels, kBase);
  EXPECT_EQ(values, (Values{30, 10, 20, 21}));
}

TEST(SeriesWriter, LeavesOutAndCountsWhatIsBeyondTheBoundOfAMetric) {
  const auto put = [](SeriesWriter& w) {
    w.bound_series(2);
    for (const char* device : {"a", "b", "c", "d"}) {
      w.put(1, {device}, 1);
      w.put(3, {"pgfault", device}, 3);
    }
    w.put(0, 10);
  };
  Values values;
  SeriesWriter first(nullptr, kBase, values, kCatalogue);
  put(first);
  const Planned planned = first.finish();
  EXPECT_EQ(text_of(planned, values),
            (Lines{"0{}=10", "1{device=\"a\"}=1", "1{device=\"b\"}=1", "3{failure_type=\"pgfault\",scope=\"a\"}=3",
                   "3{failure_type=\"pgfault\",scope=\"b\"}=3"}));
  EXPECT_EQ(first.left_out(), 4U);
  Values more;
  SeriesWriter second(planned, kBase, more, kCatalogue);
  put(second);
  EXPECT_EQ(second.finish(), planned) << "the bound does not cost the plan";
  EXPECT_EQ(second.left_out(), 4U);
}

TEST(SeriesWriter, FollowsThePlanWhileNothingDiffers) {
  Values first, second;
  const Planned planned = sample(nullptr, first, put_all);
  const Planned again = sample(planned, second, put_all);
  EXPECT_EQ(again, planned);
  EXPECT_EQ(second, first);
}

TEST(SeriesWriter, AppendsToWhatIsThere) {
  Values values{7, 7};
  const Planned planned = sample(nullptr, values, put_all);
  EXPECT_EQ(values, (Values{7, 7, 30, 10, 20, 21}));
  sample(planned, values, put_all);
  EXPECT_EQ(values, (Values{7, 7, 30, 10, 20, 21, 30, 10, 20, 21}));
}

TEST(SeriesWriter, CountsMetricsFromWhereItBegins) {
  Values values;
  const Planned planned = sample(nullptr, values, [](SeriesWriter& w) {
    w.begin(1);
    w.put(1, 5);
    w.begin(3);
    w.put(0, {"a", "b"}, 6);
  });
  EXPECT_EQ(text_of(planned, values), (Lines{"2{}=5", "3{failure_type=\"a\",scope=\"b\"}=6"}));
}

TEST(SeriesWriter, TakesAbsentForNoSeries) {
  Values values;
  const Planned planned = sample(nullptr, values, [](SeriesWriter& w) {
    w.put(0, std::nullopt);
    w.put(1, {"a"}, std::nullopt);
    w.put(2, 0);
  });
  EXPECT_EQ(text_of(planned, values), (Lines{"2{}=0"}));
}

TEST(SeriesWriter, WritesACounterOfTheLargestNumber) {
  std::vector<std::uint64_t> values;
  SeriesWriter writer(nullptr, "", values, catalogue());
  writer.begin(*find_metric("container_cpu_cfs_throttled_seconds_total"));
  writer.put(0, 18'446'744'073'709'551'615U);
  writer.begin(*find_metric("container_threads_max"));
  writer.put(0, 18'446'744'073'709'551'615U);  // a limit that is not set
  writer.finish();
  EXPECT_EQ(values, (std::vector<std::uint64_t>{18'446'744'073'709'551'614U}));
}

TEST(SeriesWriter, KeepsWhatCountsInSumsOnlyApart) {
  std::vector<std::uint64_t> values;
  const auto write = [&](std::shared_ptr<const PlannedSeries> before, bool stacked) {
    SeriesWriter writer(std::move(before), "", values, catalogue());
    writer.begin(*find_metric("container_fs_reads_bytes_total"));
    writer.count_in_sums(!stacked);
    writer.put(0, {"/dev/sda"}, 5);
    if (stacked) writer.put_in_sums_only(0, 7);
    return writer.finish();
  };
  const auto planned = write(nullptr, true);
  ASSERT_EQ(planned->plan.series.size(), 1U);
  EXPECT_EQ(planned->plan.series[0].in_sums, 0U);
  ASSERT_EQ(planned->plan.sums.size(), 1U);
  EXPECT_EQ(values, (std::vector<std::uint64_t>{5, 7}));
  EXPECT_EQ(write(planned, true), planned) << "the plan is kept";
  const auto alone = write(planned, false);
  EXPECT_EQ(alone->plan.series[0].in_sums, 1U);
  EXPECT_TRUE(alone->plan.sums.empty());
}

TEST(SeriesWriter, PlansAgainWhenASeriesAppears) {
  Values before, after;
  const Planned planned = sample(nullptr, before, put_all);
  const Planned grown = sample(planned, after, [](SeriesWriter& w) {
    put_all(w);
    w.put(1, {"/dev/vdc"}, 22);
  });
  EXPECT_NE(grown, planned);
  EXPECT_EQ(grown->plan.series.size(), 5U);
  EXPECT_EQ(text_of(grown, after)[3], "1{device=\"/dev/vdc\"}=22");
  Values once_more;
  EXPECT_EQ(sample(grown, once_more,
                   [](SeriesWriter& w) {
                     put_all(w);
                     w.put(1, {"/dev/vdc"}, 22);
                   }),
            grown);
}

TEST(SeriesWriter, PlansAgainWhenASeriesDisappearsWhereverItWas) {
  Values first;
  const Planned planned = sample(nullptr, first, put_all);
  Values without_first, without_middle, without_last;
  EXPECT_EQ(text_of(sample(planned, without_first,
                           [](SeriesWriter& w) {
                             w.put(0, 10);
                             w.put(1, {"/dev/vda"}, 20);
                             w.put(1, {"/dev/vdb"}, 21);
                           }),
                    without_first),
            (Lines{"0{}=10", "1{device=\"/dev/vda\"}=20", "1{device=\"/dev/vdb\"}=21"}));
  EXPECT_EQ(text_of(sample(planned, without_middle,
                           [](SeriesWriter& w) {
                             w.put(3, {"pgfault", "container"}, 30);
                             w.put(0, 10);
                             w.put(1, {"/dev/vdb"}, 21);
                           }),
                    without_middle),
            (Lines{"0{}=10", "1{device=\"/dev/vdb\"}=21", "3{failure_type=\"pgfault\",scope=\"container\"}=30"}));
  EXPECT_EQ(text_of(sample(planned, without_last,
                           [](SeriesWriter& w) {
                             w.put(3, {"pgfault", "container"}, 30);
                             w.put(0, 10);
                             w.put(1, {"/dev/vda"}, 20);
                           }),
                    without_last),
            (Lines{"0{}=10", "1{device=\"/dev/vda\"}=20", "3{failure_type=\"pgfault\",scope=\"container\"}=30"}));
}

TEST(SeriesWriter, PlansAgainForAnotherOrder) {
  Values first, second;
  const Planned planned = sample(nullptr, first, put_all);
  const Planned other = sample(planned, second, [](SeriesWriter& w) {
    w.put(0, 10);
    w.put(3, {"pgfault", "container"}, 30);
    w.put(1, {"/dev/vdb"}, 21);
    w.put(1, {"/dev/vda"}, 20);
  });
  EXPECT_EQ(text_of(other, second), (Lines{"0{}=10", "1{device=\"/dev/vdb\"}=21", "1{device=\"/dev/vda\"}=20",
                                           "3{failure_type=\"pgfault\",scope=\"container\"}=30"}));
}

TEST(SeriesWriter, PlansAgainForOtherBaseLabelsWithTheSameSlots) {
  Values first, second;
  const Planned planned = sample(nullptr, first, put_all);
  const Planned renamed = sample(planned, second, put_all, "id=\"/x\",name=\"web\"");
  EXPECT_NE(renamed, planned);
  EXPECT_EQ(renamed->plan.base_labels, "id=\"/x\",name=\"web\"");
  EXPECT_EQ(second, first);
}

TEST(SeriesWriter, EndsInAnEmptyPlanWhenEverythingDisappears) {
  Values first, second;
  const Planned planned = sample(nullptr, first, put_all);
  const Planned empty = sample(planned, second, [](SeriesWriter&) {});
  EXPECT_TRUE(empty->plan.series.empty());
  EXPECT_TRUE(second.empty());
  EXPECT_EQ(sample(empty, second, [](SeriesWriter&) {}), empty);
}

TEST(SeriesWriter, DistinguishesLabelsThatJoinToTheSameBytes) {
  Values first, second;
  const auto put_as = [](std::string_view a, std::string_view b) {
    return [a, b](SeriesWriter& w) { w.put(3, {a, b}, 1); };
  };
  const Planned planned = sample(nullptr, first, put_as("ab", "c"));
  const Planned other = sample(planned, second, put_as("a", "bc"));
  EXPECT_NE(other, planned);
  EXPECT_EQ(text_of(other, second), (Lines{"3{failure_type=\"a\",scope=\"bc\"}=1"}));
}

TEST(SeriesWriter, EscapesLabelsAndLeavesEmptyOnesOut) {
  Values values;
  const Planned planned = sample(nullptr, values, [](SeriesWriter& w) {
    w.put(3, {"a\"\\\n", "\xFF"}, 1);
    w.put(3, {"", "only"}, 2);
    w.put(3, {"only", ""}, 3);
    w.put(1, {""}, 4);
  });
  EXPECT_EQ(text_of(planned, values), (Lines{"1{}=4", "3{failure_type=\"a\\\"\\\\\\n\",scope=\"\\\\xff\"}=1",
                                             "3{scope=\"only\"}=2", "3{failure_type=\"only\"}=3"}));
}

TEST(SeriesWriter, DropsAndCountsTheSecondOfTwoEqualSeries) {
  const auto put = [](SeriesWriter& w) {
    w.put(1, {"a"}, 1);
    w.put(1, {"a"}, 2);
    w.put(1, {"\xFE"}, 6);
    w.put(1, {"\xFF"}, 7);  // another name, though neither is UTF-8
    w.put(0, 3);
    w.put(0, 4);
    w.put(2, 5);
  };
  Values values;
  SeriesWriter writer(nullptr, kBase, values, kCatalogue);
  put(writer);
  const Planned planned = writer.finish();
  EXPECT_EQ(writer.duplicates(), 2U);
  EXPECT_EQ(text_of(planned, values),
            (Lines{"0{}=3", "1{device=\"a\"}=1", "1{device=\"\\\\xfe\"}=6", "1{device=\"\\\\xff\"}=7", "2{}=5"}));

  Values again;
  SeriesWriter dispatcher(planned, kBase, again, kCatalogue);
  put(dispatcher);
  EXPECT_EQ(dispatcher.finish(), planned);
  EXPECT_EQ(dispatcher.duplicates(), 2U);
  EXPECT_EQ(again, values);
}

TEST(SeriesWriter, KeepsTheOldPlanIntactForItsReaders) {
  Values first, second;
  const Planned planned = sample(nullptr, first, put_all);
  const Lines before = text_of(planned, first);
  sample(planned, second, [](SeriesWriter& w) { w.put(2, 1); });
  EXPECT_EQ(text_of(planned, first), before);
}

}  // namespace
}  // namespace tallyman
