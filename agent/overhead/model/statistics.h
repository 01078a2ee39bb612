// The statistics of the laboratory, over paired rounds: in each round every mode
// is measured once, so that what disturbs a whole round cancels out. Pure; a
// seed gives the same numbers everywhere. Thread-safe.
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

// What a ratio is, with its 95 % confidence interval, and the probability of
// rounds as unlike 1 as these where the true ratio is 1.
struct Ratio {
  double value = 1;
  Interval interval{1, 1};
  double p = 1;
};

// Of the logarithms of the ratios of single rounds: their median; the percentile
// interval of `kResamples` bootstrap samples of rounds, widened where it is narrower than
// the sign test's, as it is with few rounds of a busy machine: the bootstrap alone held
// the truth in 92 to 94 % of simulated runs of ten rounds; Yuen's t-test with 10 % trimmed from
// each end, which is Student's below ten rounds. At least three rounds.
Ratio ratio_of(std::span<const double> log_ratios, std::uint64_t seed);

// Of the ratios of two runs, second over first, whose rounds have nothing to do
// with each other: both are resampled; Yuen's test for two samples.
Ratio change_of(std::span<const double> first, std::span<const double> second, std::uint64_t seed);

// Two-sided, of trimmed means. 1 for samples without any spread that do not differ.
double yuen_p(std::span<const double> values);
double yuen_p(std::span<const double> first, std::span<const double> second);

// Holm's step-down correction for asking so many questions at once; in the same order.
std::vector<double> holm(std::span<const double> p);

inline constexpr int kResamples = 2'000;
inline constexpr double kSignificance = 0.05;

// How far the control's interval reaches from 1, as a factor at least 1: a
// difference below it may be noise.
double noise_floor(const Ratio& control);

// The verdict: significant after the correction, its interval without 1, and outside the noise.
bool differs(const Ratio& ratio, double corrected_p, double floor);

}  // namespace tallyman::overhead
