// The agent's own metrics: tallyman_* and process_*. A row says what a metric is and where
// its values come from, so none can lack either. exporters/self_metrics shows them; the
// catalogue, docs and lint read them like all others.
#pragma once

#include "collectors/model/metric.h"
#include "collectors/model/self_statistics.h"

#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace tallyman {

// The present values of one metric.
class SelfValues {
 public:
  using Labels = std::vector<std::string>;  // values, in the order of MetricDefinition::labels

  template <class T>
  requires std::is_arithmetic_v<T>
  void add(T value, Labels labels = {}) { values_.emplace_back(std::move(labels), static_cast<double>(value)); }
  template <class T>
  void add(const std::optional<T>& value, Labels labels = {}) {
    if (value) add(*value, std::move(labels));
  }
  void add(const DurationHistogram& histogram) { histogram_ = &histogram; }

  const std::vector<std::pair<Labels, double>>& values() const { return values_; }
  const DurationHistogram* histogram() const { return histogram_; }  // null: none

 private:
  std::vector<std::pair<Labels, double>> values_;
  const DurationHistogram* histogram_ = nullptr;
};

struct SelfMetric {
  using Read = void (*)(const SelfStatistics&, SelfValues&);

  MetricDefinition definition;
  Read read;
  bool of_report = false;  // of SelfStatistics::overhead: hundreds of series that seldom change
};

std::span<const SelfMetric> self_metric_table();

}  // namespace tallyman
