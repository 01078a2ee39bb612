#include "exporters/self_metrics.h"

#include "collectors/kernel/system/thread_annotations.h"
#include "collectors/model/self_metric_table.h"
#include "exporters/prometheus_families.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

namespace tallyman {
namespace {

std::vector<MetricDefinition> definitions() {
  std::vector<MetricDefinition> result;
  for (const SelfMetric& metric : self_metric_table()) result.push_back(metric.definition);
  return result;
}

// The names of MetricDefinition::labels with these values.
prometheus::Labels labels_of(std::string_view names, const SelfValues::Labels& values) {
  prometheus::Labels labels;
  for (const std::string& value : values) {
    const std::size_t comma = std::min(names.find(','), names.size());
    labels.emplace(names.substr(0, comma), value);
    names.remove_prefix(std::min(comma + 1, names.size()));
  }
  return labels;
}

double growth(double now, double before) { return now >= before ? now - before : now; }

// One metric and its series. A series that has no value in a round is removed after it.
class SelfFamily {
 public:
  SelfFamily(const SelfMetric& metric, prometheus::Registry& registry) : metric_(metric) {
    const std::string name(metric.definition.name), help(metric.definition.help);
    switch (metric.definition.type) {
      case MetricType::kCounter:
        counters_ = &prometheus::BuildCounter().Name(name).Help(help).Register(registry);
        break;
      case MetricType::kGauge:
        gauges_ = &prometheus::BuildGauge().Name(name).Help(help).Register(registry);
        break;
      case MetricType::kHistogram:
        histograms_ = &prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
        break;
    }
  }

  void update(const SelfStatistics& now) {
    SelfValues values;
    metric_.read(now, values);
    for (const auto& [labels, value] : values.values()) set(labels, value);
    if (values.histogram() != nullptr) observe(*values.histogram());
    for (auto at = series_.begin(); at != series_.end();) {
      const auto one = at++;
      if (std::exchange(one->second.set, false)) continue;
      if (gauges_ != nullptr) gauges_->Remove(one->second.gauge);
      if (counters_ != nullptr) counters_->Remove(one->second.counter);
      series_.erase(one);
    }
  }

 private:
  struct Series {
    prometheus::Gauge* gauge = nullptr;
    prometheus::Counter* counter = nullptr;
    double last = 0;
    bool set = false;
  };

  void set(const SelfValues::Labels& labels, double value) {
    const auto [at, added] = series_.try_emplace(labels);
    Series& series = at->second;
    series.set = true;
    if (gauges_ != nullptr) {
      if (added) series.gauge = &gauges_->Add(labels_of(metric_.definition.labels, labels));
      series.gauge->Set(value);
    } else if (counters_ != nullptr) {
      if (added) series.counter = &counters_->Add(labels_of(metric_.definition.labels, labels));
      // A recreated part counts from 0 again, but the series continues.
      series.counter->Increment(growth(value, std::exchange(series.last, value)));
    }
  }

  void observe(const DurationHistogram& now) {
    if (histogram_ == nullptr) {
      const auto& bounds = DurationHistogram::kBounds;
      histogram_ = &histograms_->Add({}, prometheus::Histogram::BucketBoundaries(bounds.begin(), bounds.end()));
    }
    const bool recreated = now.sum_seconds < observed_.sum_seconds;
    std::vector<double> increments;
    for (std::size_t i = 0; i < now.counts.size(); ++i) {
      increments.push_back(static_cast<double>(now.counts[i] - (recreated ? 0 : observed_.counts[i])));
    }
    histogram_->ObserveMultiple(increments, growth(now.sum_seconds, observed_.sum_seconds));
    observed_ = now;
  }

  const SelfMetric& metric_;
  prometheus::Family<prometheus::Counter>* counters_ = nullptr;  // one of the three, by type
  prometheus::Family<prometheus::Gauge>* gauges_ = nullptr;
  prometheus::Family<prometheus::Histogram>* histograms_ = nullptr;
  std::map<SelfValues::Labels, Series> series_;
  prometheus::Histogram* histogram_ = nullptr;
  DurationHistogram observed_;
};

}  // namespace

class SelfMetrics::Impl {
 public:
  Impl() {
    for (const SelfMetric& metric : self_metric_table()) {
      (metric.of_report ? report_families_ : families_).emplace_back(metric, registry_);
    }
  }

  void update(const SelfStatistics& now) {
    const MutexLock lock(mutex_);
    for (SelfFamily& family : families_) family.update(now);
    if (std::exchange(report_, now.overhead) == now.overhead) return;
    for (SelfFamily& family : report_families_) family.update(now);
  }

  void append(TextFormat format, std::string& out) const {
    const MutexLock lock(mutex_);
    append_prometheus_families(registry_.Collect(), definitions_, format, out);
  }

 private:
  const std::vector<MetricDefinition> definitions_ = definitions();
  mutable Mutex mutex_;
  prometheus::Registry registry_;
  std::deque<SelfFamily> families_ GUARDED_BY(mutex_);
  std::deque<SelfFamily> report_families_ GUARDED_BY(mutex_);  // updated only with a new report
  std::shared_ptr<const OverheadFigures> report_ GUARDED_BY(mutex_);
};

SelfMetrics::SelfMetrics() : impl_(std::make_unique<Impl>()) {}
SelfMetrics::~SelfMetrics() = default;

void SelfMetrics::update(const SelfStatistics& statistics) { impl_->update(statistics); }
void SelfMetrics::append(TextFormat format, std::string& out) const { impl_->append(format, out); }

}  // namespace tallyman
