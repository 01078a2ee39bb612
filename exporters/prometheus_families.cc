#include "exporters/prometheus_families.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace tallyman {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;

std::string labels_of(const ClientMetric& metric) {
  std::string text;
  for (const auto& label : metric.label) {
    if (label.value.empty()) continue;
    if (!text.empty()) text += ',';
    text.append(label.name).append("=\"");
    append_escaped_label(text, label.value);
    text += '"';
  }
  return text;
}

void append_line(std::string& out, std::string_view name, std::string_view labels, double value) {
  out += name;
  if (!labels.empty()) out.append("{").append(labels).append("}");
  out += ' ';
  append_double(out, value);
  out += '\n';
}

void append_histogram(std::string& out, std::string_view name, const std::string& labels,
                      const ClientMetric::Histogram& histogram) {
  const std::string bucket_name = std::string(name) + "_bucket";
  const std::string separator = labels.empty() ? "" : ",";
  for (const ClientMetric::Bucket& bucket : histogram.bucket) {
    std::string bucket_labels = labels + separator + "le=\"";
    append_double(bucket_labels, bucket.upper_bound);
    append_line(out, bucket_name, bucket_labels + '"', static_cast<double>(bucket.cumulative_count));
  }
  append_line(out, std::string(name) + "_sum", labels, histogram.sample_sum);
  append_line(out, std::string(name) + "_count", labels, static_cast<double>(histogram.sample_count));
}

void append_family(std::string& out, const MetricFamily& family, const MetricDefinition& metric, TextFormat format) {
  std::vector<std::pair<std::string, const ClientMetric*>> series;
  for (const ClientMetric& one : family.metric) series.emplace_back(labels_of(one), &one);
  if (series.empty()) return;
  std::sort(series.begin(), series.end());
  append_family_header(out, metric, format);
  for (const auto& [labels, one] : series) {
    if (family.type == prometheus::MetricType::Histogram) {
      append_histogram(out, metric.name, labels, one->histogram);
    } else {
      const bool counter = family.type == prometheus::MetricType::Counter;
      append_line(out, metric.name, labels, counter ? one->counter.value : one->gauge.value);
    }
  }
}

}  // namespace

void append_prometheus_families(const std::vector<MetricFamily>& families, std::span<const MetricDefinition> metrics,
                                TextFormat format, std::string& out) {
  for (const MetricDefinition& metric : metrics) {
    for (const MetricFamily& family : families) {
      if (family.name == metric.name) append_family(out, family, metric, format);
    }
  }
}

}  // namespace tallyman
