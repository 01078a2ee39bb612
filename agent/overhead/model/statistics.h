// The statistics of overhead runs, over paired rounds: in each round every mode is
// measured once, so a disturbance of a whole round cancels out. Pure; a seed gives the
// same numbers everywhere. Thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace tallyman::overhead {

double median(std::vector<double> values);  // NaN for none

struct Interval {
  double low = 0, high = 0;
  bool contains(double value) const { return low <= value && value <= high; }
};

// A ratio with its 95 % confidence interval, and its p-value: the probability of rounds
// at least as far from 1 as these if the true ratio is 1.
struct Ratio {
  double value = 1;
  Interval interval{1, 1};
  double p = 1;
};

// Computed from the logarithms of the ratios of single rounds. The value is their median.
// The interval is the percentile interval of `kResamples` bootstrap samples of rounds. It
// is widened if it is narrower than the sign test's, as happens with few rounds on a busy
// machine: the bootstrap alone contained the truth in 92 to 94 % of simulated runs of ten
// rounds. The p-value is from Yuen's t-test with 10 % trimmed from each end, which is
// Student's below ten rounds. Needs at least three rounds.
Ratio ratio_of(std::span<const double> log_ratios, std::uint64_t seed);

// For the ratios of two runs, second over first. Their rounds are independent, so both
// runs are resampled, and the p-value is from Yuen's test for two samples.
Ratio change_of(std::span<const double> first, std::span<const double> second, std::uint64_t seed);

// Two-sided, for trimmed means. 1 for equal samples without any spread.
double yuen_p(std::span<const double> values);
double yuen_p(std::span<const double> first, std::span<const double> second);

// Holm's step-down correction for multiple tests; in the same order.
std::vector<double> holm(std::span<const double> p);

inline constexpr int kResamples = 2'000;
inline constexpr double kSignificance = 0.05;

// The distance of the control's interval from 1, as a factor of at least 1. A smaller
// difference may be noise.
double noise_floor(const Ratio& control);

// The verdict: significant after the correction, with an interval that excludes 1, and above the noise.
bool differs(const Ratio& ratio, double corrected_p, double floor);

}  // namespace tallyman::overhead
