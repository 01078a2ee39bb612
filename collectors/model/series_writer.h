// Collectors write their numbers here. Follows the plan of the last sample as long as the
// same series follow in the same order; the first difference starts a new plan, so
// collectors need not know about plans.
#pragma once

#include "collectors/model/catalogue.h"
#include "collectors/model/series_plan.h"

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tallyman {

// The order in which a plan's series are written. The plan is kept while it stays the
// same.
struct SeriesOrder {
  enum class Role : std::uint8_t { kCounted, kNotInSums, kOnlyInSums };
  struct Entry {
    MetricId metric;
    std::uint32_t key_offset, key_size;  // raw label values, each behind its size in 4 bytes
    Role role = Role::kCounted;
  };
  std::vector<Entry> entries;
  std::string keys;
};

// A plan and the order it was made from. Immutable, shared by successive samples.
struct PlannedSeries {
  SeriesPlan plan;
  SeriesOrder order;             // entry i has slot i
  std::uint32_t duplicates = 0;  // entries without series: same metric and labels as an earlier one
};

class SeriesWriter {
 public:
  static constexpr std::size_t kNoBound = std::numeric_limits<std::size_t>::max();

  // Appends one value for each put() to `out`: this workload's values begin at the
  // current out.size(). `base_labels`, escaped, must outlive the writer; `previous` may
  // be null. Not thread-safe.
  SeriesWriter(std::shared_ptr<const PlannedSeries> previous, std::string_view base_labels,
               std::vector<std::uint64_t>& out, std::span<const CatalogueEntry> metrics);

  // At most so many series of one metric: interfaces, devices. Further ones are left out and
  // counted.
  void bound_series(std::size_t of_one_metric) { max_of_one_metric_ = of_one_metric; }

  // Base of the metric indices of the following put() calls. `counters_only`: other
  // metrics are ignored.
  void begin(MetricId first_metric, bool counters_only = false) {
    first_metric_ = first_metric;
    counters_only_ = counters_only;
    role_ = Role::kCounted;
  }
  // Whether the following series count in sums over the metric: see Series::in_sums.
  void count_in_sums(bool yes) { role_ = yes ? Role::kCounted : Role::kNotInSums; }

  // An empty value gives no series, nor does a gauge of kAbsent. A counter of that value is one less: as a
  // number of Prometheus both are the same.
  void put(unsigned metric, std::optional<std::uint64_t> value) {
    if (!is_written(metric, value)) return;
    if (next_ != end_ && next_->metric == first_metric_ + metric && next_->key_size == 0 && next_->role == role_) {
      ++next_;
      out_.push_back(*value);
      return;
    }
    put_new(metric, {}, *value);
  }
  // A value that counts in sums over the metric, in place of series that overlap. It is no series.
  void put_in_sums_only(unsigned metric, std::optional<std::uint64_t> value) {
    const Role role = std::exchange(role_, Role::kOnlyInSums);
    put(metric, value);
    role_ = role;
  }
  // `label_values` in the order of MetricDefinition::labels. Empty ones are left out of
  // the series. A metric's second series with the same labels is dropped and counted.
  void put(unsigned metric, std::initializer_list<std::string_view> label_values, std::optional<std::uint64_t> value);

  // The plan of the values: `previous` itself if nothing differed. Call once, at the end.
  std::shared_ptr<const PlannedSeries> finish();
  // Series dropped in this sample. Valid after finish().
  std::uint32_t duplicates() const { return previous_ ? previous_->duplicates : 0; }
  std::uint64_t left_out() const { return left_out_; }

 private:
  using Role = SeriesOrder::Role;

  bool is_counter(unsigned metric) const {
    return metrics_[first_metric_ + metric].definition->type == MetricType::kCounter;
  }
  bool is_written(unsigned metric, std::optional<std::uint64_t>& value) const {
    if (!value || (counters_only_ && !is_counter(metric))) return false;
    if (*value == kAbsent) {
      if (!is_counter(metric)) return false;
      value = kAbsent - 1;
    }
    return true;
  }
  bool is_beyond_bound(unsigned metric);
  bool follows_plan(MetricId metric, std::initializer_list<std::string_view> label_values) const;
  void start_new_order();
  void put_new(unsigned metric, std::initializer_list<std::string_view> label_values, std::uint64_t value);

  std::shared_ptr<const PlannedSeries> previous_;
  std::string_view base_labels_;
  std::vector<std::uint64_t>& out_;
  std::span<const CatalogueEntry> metrics_;
  // The entry to compare with the next put(); both null once differs_.
  const SeriesOrder::Entry* next_ = nullptr;
  const SeriesOrder::Entry* end_ = nullptr;
  MetricId first_metric_ = 0;
  bool counters_only_ = false;
  Role role_ = Role::kCounted;
  bool differs_ = false;
  std::size_t max_of_one_metric_ = kNoBound;
  std::vector<std::uint32_t> written_;  // by metric, those with labels; empty: none yet
  std::uint64_t left_out_ = 0;
  SeriesOrder order_;  // only while differs_
};

}  // namespace tallyman
