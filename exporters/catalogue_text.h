// The catalogue of metrics for people and tools: `tallyman metrics` and
// docs/metrics.md.
#pragma once

#include "collectors/model/metric.h"
#include "collectors/model/snapshot.h"

#include <span>
#include <string>

namespace tallyman {

// At most 80 columns, but for a name that is longer.
std::string catalogue_table(std::span<const CatalogueEntry> metrics = catalogue());
// docs/metrics.md, whole.
std::string catalogue_markdown(std::span<const CatalogueEntry> metrics = catalogue());
// [{"name":..,"type":..,"unit":..,"help":..,"labels":[..],"collector":..,"source_v1":..,"source_v2":..}]
std::string catalogue_json(std::span<const CatalogueEntry> metrics = catalogue());

// /api/v1/metrics: the same without the sources, and "series": how many there are
// now. Those of the agent's own metrics are counted in `self_text`, Prometheus'
// text of them. `snapshot` may be null: no sample yet.
std::string metrics_json(const Snapshot* snapshot, std::string_view self_text,
                         std::span<const CatalogueEntry> metrics = catalogue());

}  // namespace tallyman
