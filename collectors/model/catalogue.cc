#include "collectors/model/catalogue.h"

#include "collectors/model/collector.h"
#include "collectors/model/collector_table.h"
#include "collectors/model/self_metric_table.h"

#include <vector>

namespace tallyman {
namespace {

std::vector<CatalogueEntry> make_catalogue() {
  std::vector<CatalogueEntry> entries;
  for (const Collector* collector : all_collectors()) {
    for (const MetricDefinition& metric : collector->metrics) entries.push_back({&metric, collector->name});
  }
  for (const SelfMetric& metric : self_metric_table()) entries.push_back({&metric.definition, kSelfCollector});
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

std::span<const CatalogueEntry> catalogue() {
  static const std::vector<CatalogueEntry> kEntries = make_catalogue();
  return kEntries;
}

MetricId first_metric(const Collector& collector) {
  std::size_t first = 0;
  for (const Collector* other : all_collectors()) {
    if (other == &collector) return static_cast<MetricId>(first);
    first += other->metrics.size();
  }
  return static_cast<MetricId>(catalogue().size());
}

MetricIndex::MetricIndex(std::span<const CatalogueEntry> metrics) : metrics_(metrics) {
  for (std::size_t id = 0; id < metrics.size(); ++id) {
    ids_.emplace(metrics[id].definition->name, static_cast<MetricId>(id));
  }
}

const MetricIndex& MetricIndex::of_catalogue() {
  static const MetricIndex kIndex{catalogue()};
  return kIndex;
}

std::optional<MetricId> MetricIndex::find(std::string_view name) const {
  const auto found = ids_.find(name);
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<MetricId> find_metric(std::string_view name) { return MetricIndex::of_catalogue().find(name); }

std::span<const CollectorSummary> collector_summaries() {
  static const std::vector<CollectorSummary> kSummaries = make_summaries();
  return kSummaries;
}

}  // namespace tallyman
