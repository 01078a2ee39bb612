// The parts of a cgroup's stats; each is read, timed and counted separately.
#pragma once

#include <cstdint>
#include <string_view>

namespace tallyman {

enum class StatsKind : std::uint8_t {
  kCpu,
  kCpuPerCpu,
  kMemory,
  kMemoryEvents,
  kIo,
  kPressure,
  kPids,
  kNetwork,
  kFilesystem,
  kProcesses,       // ProcessFacts
  kSockets,         // SocketStats, each with kNetwork: which workload a namespace belongs to
  kLinks,           // the host's interfaces, with kNetwork
  kSocketStates,    // the same with states, with kSockets
  kSocketAdvanced,  // the same with `advanced`, with kSockets
  kHost,            // HostStats
  // The following are read at the slow cadence, and opened for each read.
  kLimits,
  kCpuset,
  kHugetlb,
  kNuma,
  kCount,
};
inline constexpr int kStatsKinds = static_cast<int>(StatsKind::kCount);

// A set of kinds.
struct StatsMask {
  std::uint32_t bits = 0;
  constexpr StatsMask() = default;
  constexpr StatsMask(StatsKind kind) : bits(1U << static_cast<unsigned>(kind)) {}  // NOLINT: a kind is a set of one
  constexpr StatsMask operator|(StatsMask other) const {
    StatsMask mask;
    mask.bits = bits | other.bits;
    return mask;
  }
  constexpr StatsMask& operator|=(StatsMask other) { return *this = *this | other; }
  constexpr bool has(StatsKind kind) const { return (bits >> static_cast<unsigned>(kind)) & 1U; }
};
constexpr StatsMask operator|(StatsKind a, StatsKind b) { return StatsMask(a) | StatsMask(b); }

std::string_view to_string(StatsKind kind);

constexpr bool is_slow(StatsKind kind) { return kind >= StatsKind::kLimits; }

}  // namespace tallyman
