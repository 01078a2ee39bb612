// Where collectors put their numbers. Follows the plan of the last sample as
// long as the same series come in the same order; the first difference starts a
// new plan, so that collectors need not know about plans at all.
#pragma once

#include "collectors/metric.h"
#include "collectors/snapshot.h"

#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

// What a plan is followed by: the series in the order in which they are put.
struct SeriesOrder {
  struct Entry {
    MetricId metric;
    std::uint32_t key_offset, key_size;  // raw label values, each ended by '\0'
  };
  std::vector<Entry> entries;
  std::string keys;
};

// A plan and the order that led to it. Immutable, shared by successive samples.
struct PlannedSeries {
  SeriesPlan plan;
  SeriesOrder order;
};

class SeriesWriter {
 public:
  // Values go to `out`, one for each series of `previous` (which may be null);
  // more are appended where the plan turns out to have grown. Not thread-safe.
  SeriesWriter(std::shared_ptr<const PlannedSeries> previous, std::string_view base_labels, std::vector<std::uint64_t>& out);

  // Metrics of the following put() are counted from here.
  void begin(MetricId first_metric) { first_metric_ = first_metric; }

  // An empty value is no series at all.
  void put(unsigned metric, std::optional<std::uint64_t> value) { put(metric, {}, value); }
  // `label_values` in the order of MetricDefinition::labels.
  void put(unsigned metric, std::initializer_list<std::string_view> label_values, std::optional<std::uint64_t> value);

  // The plan that the values belong to: `previous` itself if nothing differed.
  std::shared_ptr<const PlannedSeries> finish();

 private:
  bool follows_plan(MetricId metric, std::initializer_list<std::string_view> label_values) const;
  void start_new_order();

  std::shared_ptr<const PlannedSeries> previous_;
  std::string_view base_labels_;
  std::vector<std::uint64_t>& out_;
  std::size_t written_ = 0;
  MetricId first_metric_ = 0;
  bool differs_ = false;
  SeriesOrder order_;  // only while differs_
};

}  // namespace tallyman
