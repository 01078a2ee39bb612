// Sums over workloads that have ended: by kind, image, Compose project and service; and
// what was missed of them. A value that collectors read. A nested cgroup counts in its
// parent too.
#pragma once

#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/stats/network_stats.h"
#include "collectors/model/workload.h"

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

enum class Outcome : std::uint8_t { kSucceeded, kFailed, kOomKilled, kUnknown, kCount };
inline constexpr std::size_t kOutcomes = static_cast<std::size_t>(Outcome::kCount);
std::string_view to_string(Outcome outcome);  // "succeeded", ...
// By the runtime's exit code; a workload without one that lost a process to the OOM
// killer is also kOomKilled.
Outcome outcome_of(const Workload& workload, const CgroupStats& stats);

// CPU time of a cgroup that none of its children accounts for.
struct UnattributedCpu {
  std::string id;
  std::uint64_t nsec = 0;
};

class EndedTotals {
 public:
  struct Key {
    std::string kind, image, project, service;
    auto operator<=>(const Key&) const = default;
  };
  struct Sums {
    std::array<std::uint64_t, kOutcomes> ended{};
    std::uint64_t restarts = 0;
    std::uint64_t cpu_nsec = 0, oom_kills = 0;
    std::uint64_t read_bytes = 0, written_bytes = 0, received_bytes = 0, transmitted_bytes = 0;
  };
  // Image "other" collects all further ones beyond this many rows.
  static constexpr std::size_t kMaxRows = 500;

  void add(const Workload& workload, const CgroupStats& stats, const std::vector<InterfaceStats>& interfaces);
  // Its next run has begun.
  void add_restart(const Workload& workload) { ++sums_of(workload).restarts; }
  const std::map<Key, Sums>& rows() const { return rows_; }

  std::vector<UnattributedCpu> unattributed;  // at the last pass, sorted by id

 private:
  Sums& sums_of(const Workload& workload);

  std::map<Key, Sums> rows_;
};

}  // namespace tallyman
