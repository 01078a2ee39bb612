// Which series a workload has, with their labels as text: laid out once, until another
// series is added or one is gone.
#pragma once

#include "collectors/model/metric.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

// One series of a plan. `labels` are those beyond the plan's base labels:
// escaped, `device="/dev/vda"`, empty when there are none.
struct Series {
  MetricId metric = 0;
  std::uint32_t slot = 0;  // into the workload's run of values
  std::uint32_t labels_offset = 0;
  std::uint32_t labels_size : 31 = 0;
  std::uint32_t in_sums : 1 = 1;  // 0: another series of the metric, or one of SeriesPlan::sums, includes its value
};

struct SeriesPlan {
  // `id="/docker/...",name="web",kind="container"`; escaped; may be empty. No braces.
  std::string base_labels;
  std::string extra_labels;    // the text that Series::labels_* point into
  std::vector<Series> series;  // sorted by metric, stable within one metric
  std::vector<Series> sums;    // the same, for values that count in sums alone and are no series of their own
  std::string_view labels_of(const Series& s) const {
    return std::string_view(extra_labels).substr(s.labels_offset, s.labels_size);
  }
};

}  // namespace tallyman
