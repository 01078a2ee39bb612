#include "collectors/model/metric.h"

#include "collectors/model/collector.h"
#include "collectors/model/self_metric_table.h"

#include <unordered_map>
#include <vector>

namespace tallyman {
namespace {

std::vector<CatalogueEntry> make_catalogue() {
  std::vector<CatalogueEntry> entries;
  for (const Collector* collector : all_collectors()) {
    for (const MetricDefinition& metric : collector->metrics) entries.push_back({&metric, collector->name});
  }
  for (const MetricDefinition& metric : self_metric_table()) entries.push_back({&metric, kSelfCollector});
  return entries;
}

std::vector<CollectorSummary> make_summaries() {
  std::vector<CollectorSummary> summaries;
  for (const Collector* collector : all_collectors()) {
    summaries.push_back({collector->name, collector->summary, collector->on_by_default});
  }
  summaries.push_back({kSelfCollector, "What the agent itself uses, and what it had to leave out.", true});
  return summaries;
}

}  // namespace

std::string_view to_string(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return "counter";
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kHistogram:
      return "histogram";
  }
  return "unknown";
}

std::span<const CatalogueEntry> catalogue() {
  static const std::vector<CatalogueEntry> kEntries = make_catalogue();
  return kEntries;
}

std::optional<MetricId> find_metric(std::string_view name) {
  static const auto kIds = [] {
    std::unordered_map<std::string_view, MetricId> ids;
    for (const CatalogueEntry& entry : catalogue()) {
      ids.emplace(entry.definition->name, static_cast<MetricId>(ids.size()));
    }
    return ids;
  }();
  const auto found = kIds.find(name);
  return found == kIds.end() ? std::nullopt : std::optional(found->second);
}

std::span<const CollectorSummary> collector_summaries() {
  static const std::vector<CollectorSummary> kSummaries = make_summaries();
  return kSummaries;
}

MetricId first_metric(const Collector& collector) {
  std::size_t first = 0;
  for (const Collector* other : all_collectors()) {
    if (other == &collector) return static_cast<MetricId>(first);
    first += other->metrics.size();
  }
  return static_cast<MetricId>(catalogue().size());
}

}  // namespace tallyman
