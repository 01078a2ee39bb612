// All metrics of the agent: the tables of all collectors and of the agent's own metrics.
#pragma once

#include "collectors/model/metric.h"

#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>

namespace tallyman {

struct Collector;

struct CatalogueEntry {
  const MetricDefinition* definition;
  std::string_view collector;
};

// The collector of the agent's own metrics: in no list of flags, always on.
inline constexpr std::string_view kSelfCollector = "self";

// All metrics of all collectors, grouped by collector; then the agent's own. Built once,
// on first use; thread-safe.
std::span<const CatalogueEntry> catalogue();
// Index in catalogue() of the collector's first metric.
MetricId first_metric(const Collector& collector);

// Finds a MetricId by name. The catalogue outlives it.
class MetricIndex {
 public:
  explicit MetricIndex(std::span<const CatalogueEntry> metrics);
  static const MetricIndex& of_catalogue();  // made once

  std::optional<MetricId> find(std::string_view name) const;
  const MetricDefinition& definition(MetricId id) const { return *metrics_[id].definition; }
  std::size_t size() const { return metrics_.size(); }

 private:
  std::span<const CatalogueEntry> metrics_;
  std::unordered_map<std::string_view, MetricId> ids_;
};

// In catalogue().
std::optional<MetricId> find_metric(std::string_view name);

// A collector in docs and --help. In the order of the catalogue, kSelfCollector last.
struct CollectorSummary {
  std::string_view name, summary;
  bool on_by_default;
};
std::span<const CollectorSummary> collector_summaries();

}  // namespace tallyman
