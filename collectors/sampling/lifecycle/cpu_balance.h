// CPU time of a parent that none of its children accounts for: time of children that
// existed only between two samples, or that ended after their last reading. With it the
// sum over a parent's children, existing and ended, always closes.
//
//   unattributed = parent - sum of its existing children - sum of what ended
//                  children counted - what the parent had when it was first seen
//
// The readings of one pass are not taken at the same instant, and the counters of an
// ended child are known a little after its end. So a difference counts only when three
// passes in a row have shown it, and never falls.
//
// A cgroup with processes of its own is left out: their CPU time cannot be separated from
// that of children. The root is such a cgroup. Belongs to the sampler's thread.
#pragma once

#include "collectors/model/ended_totals.h"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

class CpuBalance {
 public:
  struct Reading {
    const std::string* id;  // its path; the parent's path follows from it
    std::uint64_t inode;
    std::uint64_t usage_nsec;
  };

  // Called in pass(), once for each parent when its first child has ended.
  using HasProcesses = std::function<bool(const std::string& id)>;
  explicit CpuBalance(HasProcesses has_processes) : has_processes_(std::move(has_processes)) {}

  // An ended child has used so much more than was known: its last reading when it ended,
  // the rest when its final stats are known.
  void ended(std::string_view child_id, std::uint64_t more_nsec);
  // A whole pass: all existing cgroups, sorted by id. `first`: the agent's first pass;
  // its cgroups are older than the agent.
  void pass(const std::vector<Reading>& readings, bool first);
  // Parents that have lost a child, sorted by id.
  std::vector<UnattributedCpu> rows() const;

  static constexpr std::size_t kPasses = 3;  // that must have shown a difference

 private:
  struct Parent {
    std::uint64_t inode = 0;
    std::int64_t base_nsec = 0;    // its counter when it was first seen
    std::int64_t ended_nsec = 0;   // counted by children that have ended
    std::int64_t living_nsec = 0;  // by existing children, in this pass
    std::array<std::int64_t, kPasses> differences{};
    std::size_t passes = 0;  // since its first child ended
    std::int64_t unattributed_nsec = 0;
    bool was_there = false;  // older than the agent
    bool has_base = false, has_lost = false, asked = false, left_out = false;
    Parent* above = nullptr;
  };
  using Parents = std::map<std::string, Parent, std::less<>>;
  Parents::iterator above(std::string_view id);
  bool follow(const std::vector<Reading>& readings, bool first);
  static void book(Parent& parent, std::int64_t usage_nsec);

  HasProcesses has_processes_;
  Parents parents_;  // all existing cgroups
};

}  // namespace tallyman
