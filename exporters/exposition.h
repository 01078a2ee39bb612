// What a scrape gets: a snapshot as text, made once for all scrapers that ask for the same,
// and kept until the next snapshot.
#pragma once

#include "collectors/model/catalogue.h"
#include "collectors/model/exposition_statistics.h"
#include "collectors/model/snapshot.h"
#include "exporters/prometheus_text.h"

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

// A request for a body. Equal requests share one body per snapshot.
struct ExpositionRequest {
  TextFormat format = TextFormat::kPrometheus;
  bool gzip = false;
  // collect[]; sorted, unique; empty: all. The agent's own metrics are selected
  // by kSelfCollector, and come with "all".
  std::vector<std::string> collectors;
  bool operator==(const ExpositionRequest&) const = default;
};

static_assert(ExpositionStatistics::kFormats.size() == kTextFormats);

class Exposition {
 public:
  // `self` appends the agent's own metrics in the given format. It is called without
  // a lock, possibly from several threads at once.
  using SelfMetrics = std::function<void(TextFormat, std::string&)>;
  explicit Exposition(SelfMetrics self, std::span<const CatalogueEntry> metrics = catalogue());

  // Thread-safe; concurrent calls for one snapshot and request render once.
  // Unknown names in `collectors` select nothing: check them first. A null snapshot
  // gives only the agent's own metrics. At most 8 bodies of the newest snapshot are
  // kept; the buffers of older ones are reused when no reader holds them. A body may
  // outlive the Exposition.
  std::shared_ptr<const std::string> body(const SnapshotPtr& snapshot, const ExpositionRequest& request);
  ExpositionStatistics statistics() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tallyman
