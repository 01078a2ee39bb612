// Text of prometheus-cpp's families, in both formats.
#pragma once

#include "exporters/prometheus_text.h"

#include <prometheus/metric_family.h>

#include <span>
#include <string>
#include <vector>

namespace tallyman {

// In the order of `metrics`, series sorted by their labels; families that are
// not in `metrics` and families without a series are left out. No "# EOF".
void append_prometheus_families(const std::vector<prometheus::MetricFamily>& families,
                                std::span<const MetricDefinition> metrics, TextFormat format, std::string& out);

}  // namespace tallyman
