// The catalogue of metrics as text: `tallyman metrics` and docs/metrics.md.
#pragma once

#include "collectors/model/catalogue.h"
#include "collectors/model/metric.h"
#include "collectors/model/snapshot.h"

#include <span>
#include <string>

namespace tallyman {

// At most 80 columns, except for longer names.
std::string catalogue_table(std::span<const CatalogueEntry> metrics);
// The whole of docs/metrics.md.
std::string catalogue_markdown(std::span<const CatalogueEntry> metrics);
// [{"name":..,"type":..,"unit":..,"help":..,"labels":[..],"collector":..,"source_v1":..,"source_v2":..}]
std::string catalogue_json(std::span<const CatalogueEntry> metrics);

// /api/v1/metrics: the same without the sources, and with "series", their current
// number. Series of the agent's own metrics are counted in `self_text`, their
// Prometheus text. `snapshot` is null before the first sample.
std::string metrics_json(const Snapshot* snapshot, std::string_view self_text, std::span<const CatalogueEntry> metrics);

}  // namespace tallyman
