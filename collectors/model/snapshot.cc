#include "collectors/model/snapshot.h"

#include "collectors/model/utf8.h"

#include <algorithm>

namespace tallyman {
namespace {

std::string_view label_escape(char c) {
  switch (c) {
    case '\\':
      return "\\\\";
    case '"':
      return "\\\"";
    case '\n':
      return "\\n";
    case '\0':
      return "\\\\x00";
    default:
      return {};
  }
}

}  // namespace

std::optional<std::uint64_t> sum_of(const Snapshot& snapshot, const Block& block, MetricId metric) {
  const auto less = [](const Series& s, MetricId m) { return s.metric < m; };
  std::optional<std::uint64_t> sum;
  for (const auto* series : {&block.plan->series, &block.plan->sums}) {
    for (auto s = std::lower_bound(series->begin(), series->end(), metric, less);
         s != series->end() && s->metric == metric; ++s) {
      const std::uint64_t value = snapshot.value(block, *s);
      if (value == kAbsent || !s->in_sums) continue;
      std::uint64_t total = 0;
      if (__builtin_add_overflow(sum.value_or(0), value, &total) || total == kAbsent) total = kAbsent - 1;
      sum = total;
    }
  }
  return sum;
}

std::chrono::steady_clock::time_point Snapshot::time_of(const Block& block) const {
  const auto at = static_cast<std::size_t>(&block - layout->blocks.data());
  return at < read_times.size() && read_times[at] != kNotTimed ? read_times[at] : steady_time;
}

void append_escaped_label(std::string& out, std::string_view value) { append_valid_utf8(out, value, label_escape); }

}  // namespace tallyman
