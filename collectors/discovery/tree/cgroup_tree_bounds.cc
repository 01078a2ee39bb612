#include "collectors/discovery/tree/cgroup_tree_impl.h"

namespace tallyman {

// What is inside of a container goes first.
bool CgroupTree::Impl::has_room(const std::string& path) {
  ContainerBounds::Entry* const outer = containers_.around(path);
  if (outer != nullptr && !containers_.has_room(outer->second, path)) {
    ++status_.left_out_inside;
    if (!std::exchange(outer->second.crowded, true)) {
      warn("more than " + std::to_string(options_.max_inside_container) +
           " cgroups, or paths that are too long, inside of " + outer->first +
           ": the others are left out; --limit.cgroups-per-container raises the limit");
    }
    return false;
  }
  if (nodes_.size() < options_.max_cgroups || (outer == nullptr && evict_one())) return true;
  ++status_.left_out;
  return false;
}

bool CgroupTree::Impl::evict_one() {
  ContainerBounds::Entry* const fullest = containers_.fullest();
  if (fullest == nullptr) return false;
  // The last one in the order of paths: nothing is below it. One that this walk has seen stays: its
  // key is in use.
  const CgroupPath container(fullest->first);
  auto found = nodes_.upper_bound(container.prefix_of_descendants());
  auto last = nodes_.end();
  for (; found != nodes_.end() && container.contains(CgroupPath(found->first)); ++found) last = found;
  if (last == nodes_.end()) return false;
  const std::string path = last->first;
  seen_.erase(last->first);
  notify(path, last->second, false);
  nodes_.erase(last);
  leave_container(path);
  forget_watches(path);
  ++status_.left_out;
  return true;
}

bool CgroupTree::Impl::is_left_out(std::uint8_t hierarchy, const std::string& path) {
  switch (is_shown(options_.choice, path)) {
    case Shown::kYes:
      return false;
    case Shown::kNo:
      return true;
    case Shown::kWithProcesses:
      break;
  }
  if (has_processes(directory_of(hierarchy, path))) {
    empty_.erase(path);
    return false;
  }
  const auto [one, is_new] = empty_.try_emplace(path, Empty{hierarchy, Clock::now() + kFirstLook});
  if (!is_new && one->second.next_look <= Clock::now()) {
    one->second.delay = std::min(one->second.delay * 2, kLastLook);
    one->second.next_look = Clock::now() + one->second.delay;
  }
  return true;
}

void CgroupTree::Impl::look_at_empty(Time now) {
  std::vector<std::pair<std::uint8_t, std::string>> due;
  for (const auto& [path, one] : empty_) {
    if (one.next_look <= now) due.emplace_back(one.hierarchy, path);
  }
  for (const auto& [hierarchy, path] : due) {
    if (!open_directory(hierarchy, path)) {
      empty_.erase(path);
    } else {
      explore(hierarchy, path);
    }
  }
}

bool CgroupTree::Impl::is_quiet(const std::string& path) {
  const ContainerBounds::Entry* const container = containers_.at_or_around(path);
  return container != nullptr && container->second.quiet;
}

// One that an event has reported. A container that makes them by the hundred is not listened to
// for a while: walks find what stays.
void CgroupTree::Impl::count_made(const std::string& path) {
  ContainerBounds::Entry* const outer = containers_.around(path);
  if (outer != nullptr && !outer->second.quiet && !containers_.may_make(outer->second, Clock::now())) {
    stop_listening_inside(*outer);
  }
}

void CgroupTree::Impl::stop_listening_inside(ContainerBounds::Entry& container) {
  const bool first = container.second.quiet_until == Clock::time_point();
  container.second.quiet = true;
  container.second.quiet_until = Clock::now() + ContainerBounds::kQuiet;
  ++status_.quieted;
  const CgroupPath path(container.first);
  forget_watches(container.first);
  for (auto it = nodes_.upper_bound(path.prefix_of_descendants());
       it != nodes_.end() && path.contains(CgroupPath(it->first)); ++it) {
    forget_watches(it->first);
  }
  if (options_.on_quiet) options_.on_quiet(container.first, true);
  if (first) {
    warn("cgroups inside of " + container.first +
         " come too fast: for a minute they are only looked at by walks, and have no final stats");
  }
}

// Its path may be used again by another, which is listened to.
void CgroupTree::Impl::leave_container(const std::string& path) {
  if (containers_.remove(path) && options_.on_quiet) options_.on_quiet(path, false);
}

void CgroupTree::Impl::listen_again() {
  const auto now = Clock::now();
  containers_.for_each([&](ContainerBounds::Entry& one) {
    if (!one.second.quiet || now < one.second.quiet_until) return;
    one.second.quiet = false;
    if (options_.on_quiet) options_.on_quiet(one.first, false);
  });
}

}  // namespace tallyman
