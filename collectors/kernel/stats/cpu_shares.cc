#include "collectors/kernel/stats/cpu_shares.h"

#include "collectors/kernel/stats/cgroup_stats.h"

#include <algorithm>
#include <cmath>

namespace tallyman {
namespace {

constexpr std::uint64_t kMinShares = 2, kMaxShares = 262'144, kMinWeight = 1, kMaxWeight = 10'000;

// The two scales meet at 2 and 1, at 1024 and 100, and at 262144 and 10000. Runtimes write it so since 2025, runc
// since 1.3.2.
std::uint64_t weight_of(std::uint64_t shares) {
  if (shares <= kMinShares) {
    return kMinWeight;
  }
  constexpr double kRounding = 1e-9;
  const double bits = std::log2(static_cast<double>(std::min(shares, kMaxShares)));
  const double exponent = (bits * bits + 125 * bits) / 612 - 7.0 / 34;
  return std::min(kMaxWeight, static_cast<std::uint64_t>(std::ceil(std::pow(10, exponent) - kRounding)));
}

// A straight line from 2 and 1 to 262144 and 10000: older runtimes.
std::uint64_t old_weight_of(std::uint64_t shares) {
  return 1 + (std::clamp(shares, kMinShares, kMaxShares) - kMinShares) * (kMaxWeight - kMinWeight) /
                 (kMaxShares - kMinShares);
}

// The most shares that give this weight.
std::uint64_t shares_of(std::uint64_t weight) {
  const double exponent = std::log10(static_cast<double>(weight)) + 7.0 / 34;
  const double bits = (std::sqrt(125.0 * 125.0 + 4 * 612 * exponent) - 125) / 2;
  const auto near = static_cast<std::uint64_t>(std::exp2(bits));
  std::uint64_t shares = std::clamp(near, kMinShares, kMaxShares);
  while (shares < kMaxShares && weight_of(shares + 1) <= weight) {
    ++shares;
  }
  while (shares > kMinShares && weight_of(shares) > weight) {
    --shares;
  }
  return shares;
}

}  // namespace

Count cpu_shares_of(const LimitStats& limits, Count set) {
  if (limits.cpu_shares || !limits.cpu_weight || *limits.cpu_weight < kMinWeight || *limits.cpu_weight > kMaxWeight) {
    return limits.cpu_shares;
  }
  const bool agrees = set && (weight_of(*set) == *limits.cpu_weight || old_weight_of(*set) == *limits.cpu_weight);
  return agrees ? std::clamp(*set, kMinShares, kMaxShares) : shares_of(*limits.cpu_weight);
}

}  // namespace tallyman
