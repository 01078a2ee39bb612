#include "agent/overhead/model/statistics.h"

#include "tests/support/sanitized.h"

#include <gmock/gmock.h>

#include <cmath>
#include <functional>
#include <random>

namespace tallyman::overhead {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::Pointwise;

std::vector<double> normal(std::size_t n, double mean, double deviation, std::mt19937_64& random) {
  std::normal_distribution<double> distribution(mean, deviation);
  std::vector<double> values(n);
  for (double& value : values) value = distribution(random);
  return values;
}

TEST(Statistics, MedianOfOddEvenAndNone) {
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 2, 3}), 2.5);
  EXPECT_TRUE(std::isnan(median({})));
}

// Below ten values nothing is trimmed: Student's t-test. By hand: mean 0.3, error
// 0.0707, t = 4.2426 with 4 degrees of freedom, p = 0.01324.
TEST(Statistics, YuenOfFewValuesIsStudents) {
  const std::vector<double> values = {0.1, 0.3, 0.2, 0.4, 0.5};
  EXPECT_NEAR(yuen_p(values), 0.01324, 0.0001);
}

// Welch's test of two samples, by hand: means 2.5 and 5, variances 5/3 each, n = 4:
// t = 2.7386, df = 6, p = 0.0338.
TEST(Statistics, YuenOfTwoFewSamplesIsWelchs) {
  const std::vector<double> first = {1, 2, 3, 4}, second = {3.5, 4.5, 5.5, 6.5};
  EXPECT_NEAR(yuen_p(first, second), 0.03379, 0.0001);
}

TEST(Statistics, OneWildRoundDoesNotHideADifference) {
  const std::vector<double> clean = {0.10, 0.11, 0.09, 0.10, 0.12, 0.08, 0.10, 0.11, 0.09, 0.10};
  std::vector<double> wild = clean;
  wild[3] = 3;
  EXPECT_LT(yuen_p(wild), 1e-6);
  EXPECT_NEAR(ratio_of(wild, 1).value, std::exp(0.10), 0.01);
}

TEST(Statistics, ValuesWithoutSpread) {
  const std::vector<double> zeros(10, 0.0), ones(10, 1.0);
  EXPECT_EQ(yuen_p(zeros), 1);
  EXPECT_EQ(yuen_p(ones), 0);
  EXPECT_EQ(yuen_p(std::vector<double>(10, 0.1)), 0);  // a tenth has no exact sum
  EXPECT_EQ(yuen_p(zeros, zeros), 1);
  EXPECT_EQ(yuen_p(zeros, ones), 0);
  EXPECT_EQ(ratio_of(zeros, 1).value, 1);
}

// Without a difference, p-values are uniformly distributed.
TEST(Statistics, FalseAlarmsAreAsRareAsThePValues) {
  if (is_sanitized()) GTEST_SKIP() << "a simulation: millions of draws tell a sanitizer no more than one";
  std::mt19937_64 random(7);
  constexpr int kTries = 2'000;
  int alarms = 0, covered = 0;
  for (int i = 0; i < kTries; ++i) {
    const Ratio ratio = ratio_of(normal(10, 0, 0.05, random), static_cast<std::uint64_t>(i));
    alarms += ratio.p < 0.05 ? 1 : 0;
    covered += ratio.interval.contains(1) ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(alarms) / kTries, 0.05, 0.02);
  EXPECT_GE(static_cast<double>(covered) / kTries, 0.95);
  EXPECT_LE(static_cast<double>(covered) / kTries, 0.99);
}

// The share of runs, with rounds drawn by `one`, that have the truth (1) in their interval.
double coverage(const std::function<double(std::mt19937_64&)>& one, std::size_t rounds) {
  std::mt19937_64 random(8);
  constexpr int kTries = 600;
  int covered = 0;
  for (int i = 0; i < kTries; ++i) {
    std::vector<double> values(rounds);
    for (double& value : values) value = one(random);
    covered += ratio_of(values, static_cast<std::uint64_t>(i)).interval.contains(1) ? 1 : 0;
  }
  return static_cast<double>(covered) / kTries;
}

// Heavy tails, and two kinds of rounds, as on a busy machine.
TEST(Statistics, TheIntervalHoldsWhateverTheRoundsAreLike) {
  if (is_sanitized()) GTEST_SKIP() << "a simulation: millions of draws tell a sanitizer no more than one";
  const auto heavy = [](std::mt19937_64& random) { return 0.02 * std::student_t_distribution<double>(2)(random); };
  const auto disturbed = [](std::mt19937_64& random) {
    const bool quiet = std::bernoulli_distribution(0.6)(random);
    return std::normal_distribution<double>(0, quiet ? 0.005 : 0.3)(random);
  };
  for (const std::size_t rounds : {6U, 10U, 20U}) {
    EXPECT_GE(coverage(heavy, rounds), 0.945) << rounds;
    EXPECT_GE(coverage(disturbed, rounds), 0.945) << rounds;
  }
}

TEST(Statistics, HeavyTailsMakeFewFalseAlarms) {
  std::mt19937_64 random(8);
  std::student_t_distribution<double> heavy(2);
  constexpr int kTries = 2'000;
  int alarms = 0;
  for (int i = 0; i < kTries; ++i) {
    std::vector<double> values(10);
    for (double& value : values) value = 0.02 * heavy(random);
    alarms += yuen_p(values) < 0.05 ? 1 : 0;
  }
  EXPECT_LE(static_cast<double>(alarms) / kTries, 0.07);
}

// By hand: of ten tosses, at most one head or tail occurs in 2.1 % of tries, two in 10.9 %.
TEST(Statistics, TheIntervalIsNeverNarrowerThanTheSignTests) {
  const std::vector<double> values = {-0.5, -0.4, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.3, 0.6};
  const Interval interval = ratio_of(values, 1).interval;
  EXPECT_LE(interval.low, std::exp(-0.4));
  EXPECT_GE(interval.high, std::exp(0.3));
  EXPECT_GT(interval.low, std::exp(-0.5));
  EXPECT_LT(interval.high, std::exp(0.6));
}

TEST(Statistics, ADifferenceOfKnownSizeIsFoundWithItsSign) {
  std::mt19937_64 random(9);
  const Ratio slower = ratio_of(normal(10, std::log(1.2), 0.02, random), 1);
  EXPECT_NEAR(slower.value, 1.2, 0.03);
  EXPECT_TRUE(slower.interval.contains(1.2));
  EXPECT_LT(slower.p, 1e-6);
  const Ratio faster = ratio_of(normal(10, std::log(0.5), 0.02, random), 1);
  EXPECT_NEAR(faster.value, 0.5, 0.02);
  const Ratio change = change_of(normal(10, 0.0, 0.02, random), normal(10, std::log(1.3), 0.02, random), 1);
  EXPECT_NEAR(change.value, 1.3, 0.05);
  EXPECT_FALSE(change.interval.contains(1));
}

TEST(Statistics, ASeedGivesTheSameInterval) {
  std::mt19937_64 random(10);
  const auto values = normal(10, 0.1, 0.1, random);
  EXPECT_EQ(ratio_of(values, 5).interval.low, ratio_of(values, 5).interval.low);
}

TEST(Statistics, HolmsCorrection) {
  EXPECT_THAT(holm(std::vector<double>{0.01, 0.04, 0.03, 0.005}),
              Pointwise(::testing::DoubleEq(), {0.03, 0.06, 0.06, 0.02}));
  EXPECT_THAT(holm(std::vector<double>{0.9, 0.8}), ElementsAre(1, 1));
  EXPECT_TRUE(holm(std::vector<double>{}).empty());
}

// 200 seeded runs without a difference: at most one verdict of twenty may be wrong.
TEST(Statistics, NoDifferenceIsFoundWithoutOne) {
  if (is_sanitized()) GTEST_SKIP() << "a simulation: millions of draws tell a sanitizer no more than one";
  std::mt19937_64 random(11);
  int wrong = 0;
  for (std::uint64_t run = 0; run < 200; ++run) {
    const double floor = noise_floor(ratio_of(normal(10, 0, 0.03, random), run));
    std::vector<Ratio> ratios;
    std::vector<double> p;
    for (std::uint64_t cell = 0; cell < 20; ++cell) {
      ratios.push_back(ratio_of(normal(10, 0, 0.03, random), run * 100 + cell));
      p.push_back(ratios.back().p);
    }
    const auto corrected = holm(p);
    for (std::size_t i = 0; i < ratios.size(); ++i) wrong += differs(ratios[i], corrected[i], floor) ? 1 : 0;
  }
  EXPECT_LE(wrong, 10);
}

TEST(Statistics, TheFloorIsTheFartherEndOfTheControl) {
  EXPECT_DOUBLE_EQ(noise_floor({1, {0.8, 1.1}, 1}), 1.25);
  EXPECT_DOUBLE_EQ(noise_floor({1, {1.02, 1.1}, 1}), 1.1);
}

TEST(Statistics, AVerdictNeedsAllThreeConditions) {
  const Ratio ratio{1.2, {1.15, 1.25}, 0.001};
  EXPECT_TRUE(differs(ratio, 0.01, 1.1));
  EXPECT_FALSE(differs(ratio, 0.06, 1.1));
  EXPECT_FALSE(differs(ratio, 0.01, 1.21));
  EXPECT_FALSE(differs({1.2, {0.99, 1.25}, 0.001}, 0.01, 1.1));
  EXPECT_TRUE(differs({0.8, {0.75, 0.85}, 0.001}, 0.01, 1.1));
}

}  // namespace
}  // namespace tallyman::overhead
