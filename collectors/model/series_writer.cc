#include "collectors/model/series_writer.h"

#include "collectors/model/snapshot.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>
#include <utility>

namespace tallyman {
namespace {

constexpr std::size_t kSizeBytes = sizeof(std::uint32_t);

void append_key(std::string& keys, std::string_view value) {
  const auto size = static_cast<std::uint32_t>(value.size());
  char bytes[kSizeBytes];
  std::memcpy(bytes, &size, kSizeBytes);
  keys.append(bytes, kSizeBytes).append(value);
}

// Removes the first value from `key`.
std::string_view next_value(std::string_view& key) {
  std::uint32_t size = 0;
  std::memcpy(&size, key.data(), kSizeBytes);
  const std::string_view value = key.substr(kSizeBytes, size);
  key.remove_prefix(kSizeBytes + size);
  return value;
}

std::string_view next_name(std::string_view& names) {
  const std::size_t comma = names.find(',');
  const std::string_view name = names.substr(0, comma);
  names.remove_prefix(comma == std::string_view::npos ? names.size() : comma + 1);
  return name;
}

void append_labels(std::string& out, std::string_view names, std::string_view key) {
  const std::size_t start = out.size();
  while (!names.empty() && !key.empty()) {
    const std::string_view name = next_name(names);
    const std::string_view value = next_value(key);
    if (value.empty()) continue;
    if (out.size() > start) out += ',';
    out.append(name).append("=\"");
    append_escaped_label(out, value);
    out += '"';
  }
}

// The text decides what is a duplicate: two raw values may be the same once escaped.
std::string identity(const SeriesPlan& plan, const Series& series) {
  std::string text(plan.labels_of(series));
  text += '\n';
  text += std::to_string(series.metric);
  return text;
}

std::shared_ptr<PlannedSeries> make_plan(std::string_view base_labels, SeriesOrder order,
                                         std::span<const CatalogueEntry> metrics) {
  auto made = std::make_shared<PlannedSeries>();
  SeriesPlan& plan = made->plan;
  plan.base_labels = base_labels;
  plan.series.reserve(order.entries.size());
  std::unordered_set<std::string> seen;
  for (std::uint32_t slot = 0; slot < order.entries.size(); ++slot) {
    const SeriesOrder::Entry& entry = order.entries[slot];
    Series series;
    series.metric = entry.metric;
    series.slot = slot;
    series.in_sums = entry.role != SeriesOrder::Role::kNotInSums;
    if (entry.role == SeriesOrder::Role::kOnlyInSums) {
      plan.sums.push_back(series);
      continue;
    }
    series.labels_offset = static_cast<std::uint32_t>(plan.extra_labels.size());
    append_labels(plan.extra_labels, metrics[entry.metric].definition->labels,
                  std::string_view(order.keys).substr(entry.key_offset, entry.key_size));
    // The field has 31 bits. Escaped labels have a bound, far below.
    series.labels_size = static_cast<std::uint32_t>(plan.extra_labels.size() - series.labels_offset) & 0x7fff'ffffU;
    if (seen.insert(identity(plan, series)).second) {
      plan.series.push_back(series);
    } else {
      plan.extra_labels.resize(series.labels_offset);
      ++made->duplicates;
    }
  }
  const auto by_metric = [](const Series& a, const Series& b) { return a.metric < b.metric; };
  std::stable_sort(plan.series.begin(), plan.series.end(), by_metric);
  std::stable_sort(plan.sums.begin(), plan.sums.end(), by_metric);
  plan.extra_labels.shrink_to_fit();
  plan.series.shrink_to_fit();
  made->order = std::move(order);
  return made;
}

}  // namespace

SeriesWriter::SeriesWriter(std::shared_ptr<const PlannedSeries> previous, std::string_view base_labels,
                           std::vector<std::uint64_t>& out, std::span<const CatalogueEntry> metrics)
    : previous_(std::move(previous)), base_labels_(base_labels), out_(out), metrics_(metrics) {
  if (previous_ && previous_->plan.base_labels == base_labels_) {
    next_ = previous_->order.entries.data();
    end_ = next_ + previous_->order.entries.size();
  } else {
    differs_ = true;
  }
}

void SeriesWriter::put(unsigned metric, std::initializer_list<std::string_view> label_values,
                       std::optional<std::uint64_t> value) {
  if (!is_written(metric, value) || is_beyond_bound(metric)) return;
  if (next_ != end_ && follows_plan(static_cast<MetricId>(first_metric_ + metric), label_values)) {
    ++next_;
    out_.push_back(*value);
    return;
  }
  put_new(metric, label_values, *value);
}

bool SeriesWriter::is_beyond_bound(unsigned metric) {
  if (max_of_one_metric_ == kNoBound) return false;
  if (written_.empty()) written_.resize(metrics_.size());
  if (++written_[first_metric_ + metric] <= max_of_one_metric_) return false;
  ++left_out_;
  return true;
}

bool SeriesWriter::follows_plan(MetricId metric, std::initializer_list<std::string_view> label_values) const {
  if (next_->metric != metric || next_->role != role_) return false;
  std::string_view key = std::string_view(previous_->order.keys).substr(next_->key_offset, next_->key_size);
  for (std::string_view value : label_values) {
    if (key.empty() || next_value(key) != value) return false;
  }
  return key.empty();
}

void SeriesWriter::start_new_order() {
  differs_ = true;
  const SeriesOrder& old = previous_->order;
  order_.entries.reserve(old.entries.size() + 8);
  order_.entries.assign(old.entries.data(), next_);
  if (!order_.entries.empty()) {
    const SeriesOrder::Entry& last = order_.entries.back();
    order_.keys.assign(old.keys, 0, last.key_offset + last.key_size);
  }
  next_ = end_ = nullptr;
}

void SeriesWriter::put_new(unsigned metric, std::initializer_list<std::string_view> label_values, std::uint64_t value) {
  if (!differs_) start_new_order();
  SeriesOrder::Entry entry{static_cast<MetricId>(first_metric_ + metric),
                           static_cast<std::uint32_t>(order_.keys.size()), 0, role_};
  for (std::string_view label : label_values) append_key(order_.keys, label);
  entry.key_size = static_cast<std::uint32_t>(order_.keys.size()) - entry.key_offset;
  order_.entries.push_back(entry);
  out_.push_back(value);
}

std::shared_ptr<const PlannedSeries> SeriesWriter::finish() {
  if (!differs_ && next_ != end_) start_new_order();
  if (differs_) previous_ = make_plan(base_labels_, std::move(order_), metrics_);
  return previous_;
}

}  // namespace tallyman
