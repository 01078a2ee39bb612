#include "agent/overhead/model/statistics.h"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

namespace tallyman::overhead {
namespace {

constexpr double kTrimmed = 0.1;

// The trimmed mean, and its spread for Yuen's test.
struct Trimmed {
  double mean = 0;
  double error_squared = 0;  // of the mean
  double freedom = 0;
};

Trimmed trimmed(std::span<const double> values) {
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  const std::size_t n = sorted.size(), cut = static_cast<std::size_t>(kTrimmed * static_cast<double>(n));
  const std::size_t kept = n - 2 * cut;
  Trimmed result;
  result.freedom = static_cast<double>(kept) - 1;
  if (sorted[cut] == sorted[n - cut - 1]) {  // rounding must not create a spread
    result.mean = sorted[cut];
    return result;
  }
  for (std::size_t i = cut; i < n - cut; ++i) result.mean += sorted[i] / static_cast<double>(kept);
  double mean = 0, squares = 0;  // winsorised: each end gets the value of its neighbour
  const auto at = [&](std::size_t i) { return sorted[std::clamp(i, cut, n - cut - 1)]; };
  for (std::size_t i = 0; i < n; ++i) mean += at(i) / static_cast<double>(n);
  for (std::size_t i = 0; i < n; ++i) squares += (at(i) - mean) * (at(i) - mean);
  const auto h = static_cast<double>(kept);
  result.error_squared = squares / (h * (h - 1));
  return result;
}

double two_sided(double difference, double error_squared, double freedom) {
  if (!(error_squared > 0)) return difference == 0 ? 1 : 0;
  const boost::math::students_t distribution(freedom);
  return 2 * boost::math::cdf(boost::math::complement(distribution, std::abs(difference) / std::sqrt(error_squared)));
}

double resampled_median(std::span<const double> values, std::vector<double>& scratch, std::mt19937_64& random) {
  scratch.resize(values.size());
  for (double& value : scratch) value = values[random() % values.size()];
  const auto middle = scratch.begin() + static_cast<std::ptrdiff_t>(scratch.size() / 2);
  std::nth_element(scratch.begin(), middle, scratch.end());
  if (scratch.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(scratch.begin(), middle)) / 2;
}

Interval middle_95_percent(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    return values[static_cast<std::size_t>(std::lround(share * static_cast<double>(values.size() - 1)))];
  };
  return {std::exp(at(0.025)), std::exp(at(0.975))};
}

// The interval that contains the median with at least 95 %, for any distribution (the
// sign test): the number of values on each side is binomial, like tosses of a coin.
// For fewer than six values, their range, which contains it with 94 % at five.
Interval between_order_statistics(std::span<const double> values) {
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  const boost::math::binomial heads(static_cast<double>(sorted.size()), 0.5);
  std::size_t outside = 0;
  while (2 * boost::math::cdf(heads, static_cast<double>(outside + 1)) <= kSignificance) ++outside;
  if (2 * boost::math::cdf(heads, static_cast<double>(outside)) > kSignificance) {
    return {std::exp(sorted.front()), std::exp(sorted.back())};
  }
  return {std::exp(sorted[outside]), std::exp(sorted[sorted.size() - 1 - outside])};
}

Interval hull(const Interval& a, const Interval& b) { return {std::min(a.low, b.low), std::max(a.high, b.high)}; }

}  // namespace

double median(std::vector<double> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const std::size_t half = values.size() / 2;
  std::sort(values.begin(), values.end());
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

double yuen_p(std::span<const double> values) {
  if (values.size() < 3) return 1;
  const Trimmed middle = trimmed(values);
  return two_sided(middle.mean, middle.error_squared, middle.freedom);
}

double yuen_p(std::span<const double> first, std::span<const double> second) {
  if (first.size() < 3 || second.size() < 3) return 1;
  const Trimmed a = trimmed(first), b = trimmed(second);
  const double sum = a.error_squared + b.error_squared;
  const double freedom =
      sum * sum / (a.error_squared * a.error_squared / a.freedom + b.error_squared * b.error_squared / b.freedom);
  return two_sided(b.mean - a.mean, sum, freedom);
}

Ratio ratio_of(std::span<const double> log_ratios, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<double> medians(kResamples), scratch;
  for (double& value : medians) value = resampled_median(log_ratios, scratch, random);
  return {std::exp(median({log_ratios.begin(), log_ratios.end()})),
          hull(middle_95_percent(std::move(medians)), between_order_statistics(log_ratios)), yuen_p(log_ratios)};
}

Ratio change_of(std::span<const double> first, std::span<const double> second, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<double> changes(kResamples), scratch;
  for (double& value : changes) {
    const double before = resampled_median(first, scratch, random);
    value = resampled_median(second, scratch, random) - before;
  }
  const double change = median({second.begin(), second.end()}) - median({first.begin(), first.end()});
  return {std::exp(change), middle_95_percent(std::move(changes)), yuen_p(first, second)};
}

std::vector<double> holm(std::span<const double> p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  std::vector<double> corrected(p.size());
  double largest = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    largest = std::max(largest, std::min(1.0, p[order[i]] * static_cast<double>(order.size() - i)));
    corrected[order[i]] = largest;
  }
  return corrected;
}

double noise_floor(const Ratio& control) {
  return std::max({1.0, control.interval.high, control.interval.low > 0 ? 1 / control.interval.low : 1.0});
}

bool differs(const Ratio& ratio, double corrected_p, double floor) {
  const double factor = std::max(ratio.value, ratio.value > 0 ? 1 / ratio.value : 1.0);
  return corrected_p < kSignificance && !ratio.interval.contains(1) && factor > floor;
}

}  // namespace tallyman::overhead
