// The parts of CgroupTree: cgroup_tree.cc follows the directories, cgroup_tree_bounds.cc says which
// of them there is room for.
#pragma once

#include "collectors/discovery/tree/cgroup_tree.h"
#include "collectors/discovery/tree/container_bounds.h"
#include "collectors/discovery/tree/directory.h"
#include "collectors/discovery/tree/directory_watcher.h"
#include "collectors/kernel/stats/cgroup_path.h"
#include "collectors/kernel/system/wake_event.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tallyman {

class CgroupTree::Impl {
 public:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;

  // A cgroup removed in one hierarchy is polled in the others after 5, 10, 20 ... ms, then
  // each second for a minute: runtimes remove them one by one.
  static constexpr std::chrono::milliseconds kFirstPoll{5}, kLastPoll{1'000};
  static constexpr int kMaxPolls = 70;
  // A cgroup that is shown once a process is in it is looked at after 10, 20, 40 ... ms, then
  // every 10 s.
  static constexpr std::chrono::milliseconds kFirstLook{10}, kLastLook{10'000};

  explicit Impl(CgroupTreeOptions options) : options_(std::move(options)), containers_(options_.max_inside_container) {
    for (const auto& hierarchy : options_.hierarchies) {
      counts_links_.push_back(links_count_subdirectories(hierarchy));
      const auto top = check_directory(hierarchy, true);
      devices_.push_back(top ? std::optional(top->device) : std::nullopt);
    }
  }

  bool wait(std::chrono::milliseconds timeout, std::span<const int> others);
  void wake() { wake_.ring(); }
  bool walk() { return walk(hierarchies()); }
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

  std::string directory_of(std::uint8_t hierarchy, const std::string& path) const {
    return CgroupPath(path).directory_in(options_.hierarchies[hierarchy]);
  }
  Result<Directory> open_directory(std::uint8_t hierarchy, const std::string& path) const {
    const std::string where = directory_of(hierarchy, path);
    const bool is_root = CgroupPath(path).is_root();
    auto directory = check_directory(where, is_root);
    if (!directory || is_root) return directory;
    const auto& over = options_.mounted_over;
    const bool foreign = devices_[hierarchy] && directory->device != *devices_[hierarchy];
    if (foreign || std::find(over.begin(), over.end(), where) != over.end())
      return Error{ErrorKind::kUnsupported, ENOTDIR, where};
    return directory;
  }
  std::uint8_t hierarchies() const {
    return static_cast<std::uint8_t>(std::min<std::size_t>(options_.hierarchies.size(), 255));
  }

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
  bool exists_anywhere(const std::string& path) const;
  void notify(const std::string& path, const CgroupNode& node, bool created);
  void forget_watches(const std::string& path);
  void report_short_lived(std::uint8_t hierarchy, const std::string& path);
  bool remove_if_gone(const std::string& path);
  void remove_unseen();
  void take_events();
  void check_pending(Time now);
  bool sleep_until(Time until, std::span<const int> others);

  CgroupTreeOptions options_;
  std::vector<bool> counts_links_;
  std::vector<std::optional<std::uint64_t>> devices_;  // of the hierarchies
  WakeEvent wake_;
  std::optional<DirectoryWatcher> watcher_;
  std::map<std::string, CgroupNode> nodes_;
  ContainerBounds containers_;
  struct Empty {  // not shown yet
    std::uint8_t hierarchy;
    Time next_look;
    std::chrono::milliseconds delay = kFirstLook;
  };
  std::map<std::string, Empty> empty_;
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

}  // namespace tallyman
