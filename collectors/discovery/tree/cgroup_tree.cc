#include "collectors/discovery/tree/cgroup_tree.h"

#include "collectors/discovery/tree/cgroup_directories.h"
#include "collectors/discovery/tree/container_bounds.h"
#include "collectors/discovery/tree/directory_watcher.h"
#include "collectors/discovery/tree/empty_cgroups.h"
#include "collectors/kernel/stats/cgroup_path.h"
#include "collectors/kernel/system/wake_event.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <deque>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace tallyman {
namespace {

using std::chrono::milliseconds;

constexpr std::uint8_t kWatchedHierarchies = 2;
// After so many polls (0.3 s) it is not being removed: it still exists elsewhere.
constexpr int kPollsForRemoval = 6;
// For so long after the first hierarchy's event, events of the others are about the same cgroup.
constexpr milliseconds kShortLivedMemory{2'000};

}  // namespace

class CgroupTree::Impl {
 public:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;

  // A cgroup removed in one hierarchy is polled in the others after 5, 10, 20 ... ms, then
  // each second for a minute: runtimes remove them one by one.
  static constexpr std::chrono::milliseconds kFirstPoll{5}, kLastPoll{1'000};
  static constexpr int kMaxPolls = 70;

  explicit Impl(CgroupTreeOptions options)
      : options_(std::move(options)),
        directories_(options_.hierarchies, options_.mounted_over),
        containers_(options_.max_inside_container) {}

  bool wait(std::chrono::milliseconds timeout, std::span<const int> others);
  void wake() { wake_.ring(); }
  bool walk() { return walk(directories_.hierarchies()); }
  const std::map<std::string, CgroupNode>& nodes() const { return nodes_; }
  CgroupTreeStatus status() const {
    CgroupTreeStatus status = status_;
    status.watching = watcher_.has_value();
    status.watches = watcher_ ? watcher_->watches() : 0;
    return status;
  }

 private:
  struct Seen {
    bool is_new = false;
    bool identified = false;  // its inode was found again
  };
  struct Pending {
    Time next_poll;
    std::chrono::milliseconds delay = kFirstPoll;
    int polls_left = kMaxPolls;
  };

  bool walk(std::uint8_t hierarchies);
  void start_watching(Time now);
  void stop_watching(const Error& why);
  void explore(std::uint8_t hierarchy, const std::string& start);
  bool visit(std::uint8_t hierarchy, const std::string& path);
  bool has_room(const std::string& path);
  bool evict_one();
  bool is_left_out(std::uint8_t hierarchy, const std::string& path);
  bool is_quiet(const std::string& path);
  void count_made(const std::string& path);
  void stop_listening_inside(ContainerBounds::Entry& container);
  void leave_container(const std::string& path);
  void listen_again();
  void look_at_empty(Time now);
  void warn(const std::string& text) const {
    if (options_.on_warning) options_.on_warning(text);
  }
  void admit(std::uint8_t hierarchy, const std::string& path, const Directory& directory);
  void identify(const std::string& path, CgroupNode& node);
  void notify(const std::string& path, const CgroupNode& node, bool created);
  void forget_watches(const std::string& path);
  void report_short_lived(std::uint8_t hierarchy, const std::string& path);
  bool remove_if_gone(const std::string& path);
  void remove_unseen();
  void take_events();
  void check_pending(Time now);
  bool sleep_until(Time until, std::span<const int> others);

  CgroupTreeOptions options_;
  CgroupDirectories directories_;
  WakeEvent wake_;
  std::optional<DirectoryWatcher> watcher_;
  std::map<std::string, CgroupNode> nodes_;
  ContainerBounds containers_;
  EmptyCgroups empty_;
  std::unordered_map<std::string_view, Seen> seen_;  // keys point into nodes_; only while walking_
  bool walking_ = false;
  bool changed_ = false;
  std::map<std::string, Pending> pending_;
  struct ShortLived {
    std::uint8_t hierarchy;
    Time until;
  };
  std::map<std::string, ShortLived> short_lived_;  // cgroups that were gone before they could be read
  Time next_walk_{}, next_full_walk_{}, next_watch_attempt_{};
  CgroupTreeStatus status_;
};

void CgroupTree::Impl::start_watching(Time now) {
  if (!options_.use_inotify || watcher_ || now < next_watch_attempt_) return;
  auto watcher = DirectoryWatcher::open(options_.max_watches);
  if (!watcher) return stop_watching(watcher.error());
  watcher_.emplace(std::move(*watcher));
  status_.watch_error.clear();
  status_.watch_error_code = 0;
}

void CgroupTree::Impl::stop_watching(const Error& why) {
  watcher_.reset();
  status_.watch_error = why.where;
  status_.watch_error_code = why.code;
  const auto now = Clock::now();
  next_watch_attempt_ = now + options_.walk_interval;
  next_walk_ = std::min(next_walk_, now + options_.unwatched_walk_interval);
}

// Finds new cgroups in the given hierarchies only. Known cgroups in the others are still
// checked.
bool CgroupTree::Impl::walk(std::uint8_t hierarchies) {
  changed_ = false;
  ++status_.walks;
  status_.left_out = status_.left_out_inside = status_.denied = 0;
  listen_again();
  start_watching(Clock::now());
  if (watcher_) watcher_->begin_renewal();
  walking_ = true;
  for (std::uint8_t h = 0; h < hierarchies; ++h) explore(h, "/");
  walking_ = false;
  if (watcher_) watcher_->end_renewal();
  if (hierarchies == directories_.hierarchies()) next_full_walk_ = Clock::now() + options_.walk_interval;
  next_walk_ = Clock::now() + (watcher_ ? options_.walk_interval : options_.unwatched_walk_interval);
  remove_unseen();
  return changed_;
}

void CgroupTree::Impl::explore(std::uint8_t hierarchy, const std::string& start) {
  // Breadth first: beyond max_cgroups the deepest are left out.
  std::deque<std::string> to_list;
  if (visit(hierarchy, start)) to_list.push_back(start);
  while (!to_list.empty()) {
    const std::string path = std::move(to_list.front());
    to_list.pop_front();
    const bool too_deep = CgroupPath(path).depth() >= options_.max_depth;
    const bool listed = for_each_subdirectory(directories_.path_of(hierarchy, path), CgroupPath(path).is_root(),
                                              [&](std::string_view name) {
                                                std::string child = CgroupPath(path).child(name);
                                                if (too_deep) {
                                                  ++status_.left_out;
                                                } else if (visit(hierarchy, child)) {
                                                  to_list.push_back(std::move(child));
                                                }
                                              });
    if (!listed) ++status_.denied;
  }
}

// Adds the directory to nodes_. True if it may have subdirectories.
bool CgroupTree::Impl::visit(std::uint8_t hierarchy, const std::string& path) {
  if (!nodes_.contains(path) && !has_room(path)) return false;
  // Watched before it is listed: a later change makes an event.
  if (watcher_ && hierarchy < kWatchedHierarchies && !is_quiet(path)) {
    auto watched = watcher_->add(hierarchy, path, directories_.path_of(hierarchy, path), CgroupPath(path).is_root());
    if (!watched && watched.error().code == ENOSPC) stop_watching(watched.error());
  }
  const auto directory = directories_.open(hierarchy, path);
  if (!directory) {
    if (directory.error().kind != ErrorKind::kUnsupported) ++status_.denied;
    if (watcher_) watcher_->forget(hierarchy, path);
    return false;
  }
  if (nodes_.contains(path) || !is_left_out(hierarchy, path)) admit(hierarchy, path, *directory);
  return directories_.may_have_children(hierarchy, *directory);
}

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
  if (has_processes(directories_.path_of(hierarchy, path))) {
    empty_.remove(path);
    return false;
  }
  empty_.add_or_postpone(hierarchy, path, Clock::now());
  return true;
}

void CgroupTree::Impl::look_at_empty(Time now) {
  for (const auto& [hierarchy, path] : empty_.due(now)) {
    if (!directories_.open(hierarchy, path)) {
      empty_.remove(path);
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

void CgroupTree::Impl::admit(std::uint8_t hierarchy, const std::string& path, const Directory& directory) {
  const auto [found, is_new] = nodes_.try_emplace(path);
  CgroupNode& node = found->second;
  if (is_new || (node.hierarchy == hierarchy && node.inode != directory.inode)) {
    if (is_new) {
      const auto kind = options_.choice.kind_of ? options_.choice.kind_of(path) : WorkloadKind::kCgroup;
      containers_.add(path, kind == WorkloadKind::kContainer || kind == WorkloadKind::kMachine);
    } else {
      notify(path, node, false);
    }
    node = CgroupNode{directory.inode, hierarchy, directory.created_nsec};
    notify(path, node, true);
  }
  if (!walking_) {
    if (node.hierarchy == hierarchy) return;
    if (directories_.open(node.hierarchy, path)) return identify(path, node);
    // It is being removed, one hierarchy after the other, or was recreated without the
    // first.
    if (pending_.try_emplace(path).second) pending_[path].next_poll = Clock::now() + kFirstPoll;
    return;
  }
  Seen& seen = seen_[found->first];
  seen.is_new = seen.is_new || is_new;
  seen.identified = seen.identified || node.hierarchy == hierarchy;
  if (seen.is_new) node.created_nsec = std::min(*node.created_nsec, directory.created_nsec);
}

// Recreated elsewhere, or no longer where it was first seen: finds its current place.
void CgroupTree::Impl::identify(const std::string& path, CgroupNode& node) {
  const auto same = directories_.open(node.hierarchy, path);
  if (same && same->inode == node.inode) return;
  for (std::uint8_t h = 0; h < directories_.hierarchies(); ++h) {
    const auto directory = directories_.open(h, path);
    if (!directory) continue;
    notify(path, node, false);
    node = CgroupNode{directory->inode, h, directory->created_nsec};
    notify(path, node, true);
    return;
  }
}

void CgroupTree::Impl::notify(const std::string& path, const CgroupNode& node, bool created) {
  changed_ = true;
  if (options_.on_change) options_.on_change({path, node, created});
}

// cgroupfs keeps a removed directory's watch, and the directory with it.
void CgroupTree::Impl::forget_watches(const std::string& path) {
  for (std::uint8_t h = 0; watcher_ && h < kWatchedHierarchies; ++h) watcher_->forget(h, path);
}

// It was created and is already gone. A runtime creates it in several hierarchies: the
// first report counts.
void CgroupTree::Impl::report_short_lived(std::uint8_t hierarchy, const std::string& path) {
  if (nodes_.size() >= options_.max_cgroups || CgroupPath(path).depth() > options_.max_depth ||
      directories_.exist_anywhere(path))
    return;
  if (containers_.around(path) != nullptr || is_shown(options_.choice, path) == Shown::kNo) return;
  const auto now = Clock::now();
  std::erase_if(short_lived_, [&](const auto& one) { return now >= one.second.until; });
  const auto [short_lived, is_new] = short_lived_.try_emplace(path, ShortLived{hierarchy, now + kShortLivedMemory});
  if (!is_new && short_lived->second.hierarchy != hierarchy) return;
  short_lived->second.until = now + kShortLivedMemory;
  notify(path, CgroupNode{}, true);
  notify(path, CgroupNode{}, false);
}

bool CgroupTree::Impl::remove_if_gone(const std::string& path) {
  const auto found = nodes_.find(path);
  if (found == nodes_.end()) {
    if (!directories_.exist_anywhere(path)) forget_watches(path);  // one that is left out may have a watch
    return true;
  }
  if (directories_.exist_anywhere(path)) {
    const auto same = directories_.open(found->second.hierarchy, path);
    if (same && same->inode != found->second.inode) identify(path, found->second);
    return false;
  }
  const CgroupPath removed(path);
  for (auto it = nodes_.upper_bound(removed.prefix_of_descendants());
       it != nodes_.end() && removed.contains(CgroupPath(it->first));) {
    notify(it->first, it->second, false);
    forget_watches(it->first);
    leave_container(it->first);
    it = nodes_.erase(it);
  }
  notify(path, found->second, false);
  nodes_.erase(found);
  leave_container(path);
  forget_watches(path);
  if (status_.left_out + status_.left_out_inside > 0)
    next_walk_ = std::min(next_walk_, Clock::now() + options_.unwatched_walk_interval);
  return true;
}

// A cgroup that a walk did not find is not necessarily gone: its parent may have been unreadable.
void CgroupTree::Impl::remove_unseen() {
  std::vector<std::string> unseen;
  for (auto& [path, node] : nodes_) {
    const auto seen = seen_.find(path);
    if (seen == seen_.end()) {
      unseen.push_back(path);
    } else if (!seen->second.identified) {
      identify(path, node);
    }
  }
  seen_.clear();
  for (const auto& path : unseen) remove_if_gone(path);
}

void CgroupTree::Impl::take_events() {
  const DirectoryWatcher::Batch batch = watcher_->read();
  for (const auto& event : batch.events) {
    if (event.created) {
      pending_.erase(event.path);
      explore(event.tag, event.path);
      if (!nodes_.contains(event.path)) report_short_lived(event.tag, event.path);
      count_made(event.path);
    } else if (!remove_if_gone(event.path)) {
      pending_[event.path].next_poll = Clock::now() + kFirstPoll;
    }
  }
  if (batch.overflowed) ++status_.overflows;
  if (batch.overflowed || batch.stale) {
    const bool changed = changed_;
    changed_ = walk() || changed;
  }
}

void CgroupTree::Impl::check_pending(Time now) {
  for (auto it = pending_.begin(); it != pending_.end();) {
    Pending& pending = it->second;
    if (now < pending.next_poll) {
      ++it;
    } else if (remove_if_gone(it->first) || --pending.polls_left == 0) {
      it = pending_.erase(it);
    } else {
      const auto node = nodes_.find(it->first);
      if (pending.polls_left == kMaxPolls - kPollsForRemoval && node != nodes_.end()) identify(it->first, node->second);
      pending.delay = std::min(pending.delay * 2, kLastPoll);
      pending.next_poll = now + pending.delay;
      ++it;
    }
  }
}

// True when wake() or one of the others ended it.
bool CgroupTree::Impl::sleep_until(Clock::time_point until, std::span<const int> others) {
  const auto left = std::max(Clock::duration::zero(), until - Clock::now());
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
  const timespec timeout{seconds.count(), std::chrono::nanoseconds(left - seconds).count()};
  std::vector<pollfd> waiting{{wake_.fd(), POLLIN, 0}, {watcher_ ? watcher_->fd() : -1, POLLIN, 0}};
  for (const int fd : others) waiting.push_back({fd, POLLIN, 0});
  if (ppoll(waiting.data(), waiting.size(), &timeout, nullptr) <= 0) return false;
  if (waiting[1].revents != 0) take_events();
  if (std::any_of(waiting.begin() + 2, waiting.end(), [](const pollfd& one) { return one.revents != 0; })) return true;
  return waiting[0].revents != 0 && wake_.take();
}

bool CgroupTree::Impl::wait(milliseconds timeout, std::span<const int> others) {
  const auto deadline = Clock::now() + timeout;
  changed_ = false;
  for (;;) {
    auto now = Clock::now();
    if (now >= next_walk_)
      walk(now >= next_full_walk_ || watcher_ ? directories_.hierarchies()
                                              : std::min(directories_.hierarchies(), kWatchedHierarchies));
    check_pending(now);
    look_at_empty(now);
    if (changed_) return true;
    auto until = std::min(deadline, next_walk_);
    for (const auto& [path, pending] : pending_) until = std::min(until, pending.next_poll);
    until = std::min(until, empty_.next());
    const bool woken = sleep_until(until, others);
    if (changed_ || woken || Clock::now() >= deadline) return changed_;
  }
}

CgroupTree::CgroupTree(CgroupTreeOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
CgroupTree::~CgroupTree() = default;
bool CgroupTree::wait(milliseconds timeout, std::span<const int> others) { return impl_->wait(timeout, others); }
void CgroupTree::wake() { impl_->wake(); }
bool CgroupTree::walk() { return impl_->walk(); }
const std::map<std::string, CgroupNode>& CgroupTree::nodes() const { return impl_->nodes(); }
CgroupTreeStatus CgroupTree::status() const { return impl_->status(); }

}  // namespace tallyman
