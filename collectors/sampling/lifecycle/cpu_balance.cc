#include "collectors/sampling/lifecycle/cpu_balance.h"

#include "collectors/model/workload_id.h"

#include <algorithm>
#include <utility>

namespace tallyman {

// The nearest existing ancestor. No cgroup's sum includes a process group
// ("process:NAME").
CpuBalance::Parents::iterator CpuBalance::above(std::string_view id) {
  auto cgroup = WorkloadId(id).cgroup();
  while (cgroup && !cgroup->is_root()) {
    cgroup = cgroup->parent();
    if (const auto found = parents_.find(cgroup->text()); found != parents_.end()) {
      return found;
    }
  }
  return parents_.end();
}

void CpuBalance::ended(std::string_view child_id, std::uint64_t more_nsec) {
  const auto found = above(child_id);
  if (found == parents_.end()) {
    return;
  }
  found->second.has_lost = true;
  found->second.ended_nsec += static_cast<std::int64_t>(more_nsec);
}

// Both are sorted: one walk over the two. True when the set of existing cgroups
// changed.
bool CpuBalance::follow(const std::vector<Reading>& readings, bool first) {
  bool changed = false;
  auto known = parents_.begin();
  for (const Reading& reading : readings) {
    while (known != parents_.end() && known->first < *reading.id) {
      known = parents_.erase(known);
      changed = true;
    }
    if (known == parents_.end() || known->first != *reading.id) {
      known = parents_.emplace_hint(known, *reading.id, Parent());
      known->second.was_there = first;
      changed = true;
    }
    if (known->second.inode != reading.inode) {
      const bool was_there = known->second.was_there && first;
      known->second = Parent();
      known->second.inode = reading.inode;
      known->second.was_there = was_there;
      changed = true;
    }
    known->second.living_nsec = 0;
    ++known;
  }
  changed = changed || known != parents_.end();
  parents_.erase(known, parents_.end());
  return changed;
}

void CpuBalance::pass(const std::vector<Reading>& readings, bool first) {
  if (follow(readings, first)) {
    for (auto& [id, parent] : parents_) {
      const auto found = above(id);
      parent.above = found == parents_.end() ? nullptr : &found->second;
    }
  }
  auto one = parents_.begin();
  for (const Reading& reading : readings) {
    if (Parent* parent = (one++)->second.above) {
      parent->living_nsec += static_cast<std::int64_t>(reading.usage_nsec);
    }
  }
  one = parents_.begin();
  for (const Reading& reading : readings) {
    Parent& parent = one->second;
    if (parent.has_lost && !std::exchange(parent.asked, true)) {
      parent.left_out = has_processes_(one->first);
    }
    book(parent, static_cast<std::int64_t>(reading.usage_nsec));
    ++one;
  }
}

void CpuBalance::book(Parent& parent, std::int64_t usage_nsec) {
  const std::int64_t difference = usage_nsec - parent.living_nsec - parent.ended_nsec;
  if (!parent.has_lost) {
    // Nothing is lost yet: if it grows, it grows by the time between two readings.
    const bool grows = !parent.has_base || difference > parent.base_nsec;
    if (parent.was_there && grows) {
      parent.base_nsec = difference;
    }
    parent.has_base = true;
    return;
  }
  parent.differences[parent.passes++ % kPasses] = difference - parent.base_nsec;
  if (parent.passes >= kPasses) {
    const std::int64_t least = *std::min_element(parent.differences.begin(), parent.differences.end());
    parent.unattributed_nsec = std::max(parent.unattributed_nsec, least);
  }
}

std::vector<UnattributedCpu> CpuBalance::rows() const {
  std::vector<UnattributedCpu> rows;
  for (const auto& [id, parent] : parents_) {
    if (parent.has_lost && !parent.left_out && parent.passes >= kPasses) {
      rows.push_back({id, static_cast<std::uint64_t>(parent.unattributed_nsec)});
    }
  }
  return rows;
}

}  // namespace tallyman
