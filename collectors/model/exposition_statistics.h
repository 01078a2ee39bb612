// What the exposition counts of its own work.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace tallyman {

// Time of rendering and compressing. No bound is a whole number, because the two
// formats write those differently in the label `le`.
struct DurationHistogram {
  static constexpr std::array<double, 10> kBounds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5};
  std::array<std::uint64_t, kBounds.size() + 1>
      counts{};  // not cumulative; the last one counts values above all bounds
  double sum_seconds = 0;
  void observe(double seconds) {
    const auto bound = std::lower_bound(kBounds.begin(), kBounds.end(), seconds);
    ++counts[static_cast<std::size_t>(bound - kBounds.begin())];
    sum_seconds += seconds;
  }
};

struct ExpositionStatistics {
  static constexpr std::array<std::string_view, 2> kFormats{"prometheus", "openmetrics"};  // as TextFormat
  static constexpr std::array<std::string_view, 2> kEncodings{"identity", "gzip"};
  std::array<std::array<std::uint64_t, 2>, kFormats.size()> requests{};  // [format][encoding]
  DurationHistogram made;                                                // time to make each body
};

}  // namespace tallyman
