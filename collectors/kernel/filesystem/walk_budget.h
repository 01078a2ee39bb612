// How much CPU and disk the directory walks may use, and how often a tree is walked
// again. Pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace tallyman {

struct WalkBudget {
  using Duration = std::chrono::nanoseconds;

  std::chrono::milliseconds interval{60'000};  // minimum between two walks of one tree
  std::uint64_t entries_per_second = 5'000;

  static constexpr int kCpuShare = 100;   // all walks together: 1 % of a CPU
  static constexpr int kTreeShare = 200;  // one tree: half of that, so that a big one leaves room
  static constexpr int kDiskShare = 4;    // share of the time that a walk may wait for the disk
  static constexpr std::chrono::milliseconds kMaxSliceLength{250};

  // Entries visited in one slice; ten slices a second.
  std::uint64_t slice_entries() const { return std::max<std::uint64_t>(entries_per_second / 10, 1); }

  // How long to pause after a slice.
  Duration rest_after(std::uint64_t entries, Duration cpu, Duration wall) const {
    const Duration for_entries(entries * 1'000'000'000 / std::max<std::uint64_t>(entries_per_second, 1));
    return std::max({for_entries, cpu * (kCpuShare - 1), wall * (kDiskShare - 1)});
  }
  // Time from the end of a walk that took `cpu` to the next walk of that tree.
  Duration next_after(Duration cpu) const { return std::max<Duration>(interval, cpu * kTreeShare); }
};

}  // namespace tallyman
