// The parts of a cgroup's stats; each is read, timed and counted separately.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tallyman {

enum class CgroupStatsKind : std::uint8_t {
  kCpu,
  kCpuPerCpu,
  kMemory,
  kMemoryEvents,
  kIo,
  kPressure,
  kPids,
  // The following are read at the slow interval, and opened for each read.
  kLimits,
  kCpuset,
  kHugetlb,
  kNuma,
  kCount,
};
inline constexpr std::size_t kCgroupStatsKinds = static_cast<std::size_t>(CgroupStatsKind::kCount);

constexpr bool is_slow(CgroupStatsKind kind) { return kind >= CgroupStatsKind::kLimits; }

}  // namespace tallyman
