// The agent's own metrics: tallyman_* and process_*. Declared like all others,
// so that the catalogue, docs and lint know them; filled by exporters/self_metrics.
#pragma once

#include "collectors/model/metric.h"

#include <span>

namespace tallyman {

std::span<const MetricDefinition> self_metric_table();

}  // namespace tallyman
