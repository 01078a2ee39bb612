// What a collector needs to be read for it: parts of a cgroup's stats, other sources, and
// what these read only on request.
#pragma once

#include "collectors/kernel/stats/cgroup_stats_kind.h"

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace tallyman {

// Stats that are not of cgroupfs. Each kind has a source of its own.
enum class SourceKind : std::uint8_t {
  kHost,  // HostStats
  kNetwork,
  kFilesystem,
  kProcesses,  // ProcessFacts
  kSockets,    // SocketStats, each with kNetwork: which workload a namespace belongs to
  kLinks,      // the host's interfaces, with kNetwork
  kCount,
};
inline constexpr std::size_t kSourceKinds = static_cast<std::size_t>(SourceKind::kCount);

// What the source of kSockets reads in addition.
enum class SocketDetail : std::uint8_t {
  kStates,    // connections by state
  kAdvanced,  // TcpExt
  kCount,
};

// A set of the three.
class StatsNeeds {
 public:
  constexpr StatsNeeds() = default;
  // Implicit: one need is a set of one.
  constexpr StatsNeeds(CgroupStatsKind kind) : bits_(bit(kind)) {}
  constexpr StatsNeeds(SourceKind kind) : bits_(bit(kind)) {}
  constexpr StatsNeeds(SocketDetail detail) : bits_(bit(detail)) {}

  template <typename Need>
  constexpr bool has(Need need) const {
    return (bits_ & bit(need)) != 0;
  }
  constexpr StatsNeeds& operator|=(StatsNeeds other) {
    bits_ |= other.bits_;
    return *this;
  }
  friend constexpr StatsNeeds operator|(StatsNeeds a, StatsNeeds b) { return a |= b; }

 private:
  static constexpr std::uint32_t bit(CgroupStatsKind kind) { return 1U << static_cast<unsigned>(kind); }
  static constexpr std::uint32_t bit(SourceKind kind) {
    return 1U << (kCgroupStatsKinds + static_cast<unsigned>(kind));
  }
  static constexpr std::uint32_t bit(SocketDetail detail) {
    return 1U << (kCgroupStatsKinds + kSourceKinds + static_cast<unsigned>(detail));
  }

  std::uint32_t bits_ = 0;
};
// Found by argument lookup for two enumerators, neither of which is a StatsNeeds yet.
template <typename A, typename B>
constexpr StatsNeeds operator|(A a, B b) requires(
    std::is_enum_v<A>&& std::is_enum_v<B>&& std::is_constructible_v<StatsNeeds, A>&&
        std::is_constructible_v<StatsNeeds, B>) {
  return StatsNeeds(a) | StatsNeeds(b);
}

}  // namespace tallyman
