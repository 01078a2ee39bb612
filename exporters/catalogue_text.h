// The catalogue of metrics for people and tools: `tallyman metrics` and
// docs/metrics.md.
#pragma once

#include "collectors/metric.h"

#include <span>
#include <string>

namespace tallyman {

// At most 80 columns, but for a name that is longer.
std::string catalogue_table(std::span<const CatalogueEntry> metrics = catalogue());
// docs/metrics.md, whole.
std::string catalogue_markdown(std::span<const CatalogueEntry> metrics = catalogue());
// [{"name":..,"type":..,"unit":..,"help":..,"labels":[..],"collector":..,"source_v1":..,"source_v2":..}]
std::string catalogue_json(std::span<const CatalogueEntry> metrics = catalogue());

}  // namespace tallyman
