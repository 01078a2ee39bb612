// The directories that are measured, the workloads that use them, and which one is next.
// Each is measured once, however many workloads use it, and one of them reports it. No
// clock and no system call of its own. One thread owns a MeasuredTrees.
#pragma once

#include "collectors/kernel/filesystem/tree_walk.h"
#include "collectors/kernel/stats/filesystem_stats.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tallyman {

// Why a tree has no size, or none yet.
enum class TreeState : std::uint8_t {
  kPending,  // not started, or its first walk is running
  kMeasured,
  kRemote,       // not on a file system of this host: never queried
  kUnreachable,  // not visible to this process
  kDenied,       // no permission for a part of it
  kSameTree,     // another path of a measured tree
  kNotWalked,    // needs a walk, but walks are off
  kHanging,      // its disk does not answer
  kFailed,       // an I/O error
  kCount,
};
std::string_view to_string(TreeState state);  // "pending", ...

class MeasuredTrees {
 public:
  using User = std::uint64_t;  // ascending: the first user has the lowest
  using Time = std::chrono::steady_clock::time_point;

  struct Tree {
    std::string directory;               // path on the host; empty: a file system of its own
    std::optional<std::uint32_t> owner;  // measured only if it is this user's
    std::uint32_t major = 0, minor = 0;
    std::string device;
    std::vector<User> users;  // never empty, the first one reports the usage
    TreeState state = TreeState::kPending;
    std::optional<TreeStats> stats;
    std::optional<std::pair<std::uint64_t, std::uint64_t>> identity;  // device and inode, once opened
    Time due;
    std::shared_ptr<TreeWalk> walk;  // running
    std::uint64_t capacity_bytes = 0;
    std::chrono::nanoseconds walk_cpu{0};  // of the running walk
    std::uint64_t walk_began_nsec = 0;     // since the epoch
    bool big = false;                      // had more entries than a small one, in this walk or the last
  };

  static constexpr std::uint64_t kSmallEntries = 20'000;  // some seconds of a walk

  // Further trees are refused.
  explicit MeasuredTrees(std::size_t max_trees, std::uint64_t small_entries = kSmallEntries)
      : max_trees_(max_trees), small_entries_(small_entries) {}

  // Null if there are too many.
  Tree* add(const std::string& key, User user, Time now);
  // The tree is removed with its last user, and so is its running walk.
  void drop(const std::string& key, User user);
  const Tree* find(const std::string& key) const;

  // The tree to continue with, in turns: those being walked and those that are due. At
  // most kMaxWalks are walked at once, and at most kMaxBigWalks of them are big: the others
  // are for trees that are small, or new. A new one that turns out to be big gives up its
  // walk if there are enough of those, and begins again in its turn. Null when all have been
  // measured.
  Tree* next(Time now);
  // When next() will return one; empty if there are no trees.
  std::optional<Time> next_due() const;

  // Another entry for the same tree. What a user names takes nothing away from root's entry.
  bool is_known_elsewhere(const Tree& tree) const;
  void forget_hanging(Time now);  // they may be tried again
  std::array<std::size_t, static_cast<std::size_t>(TreeState::kCount)> count() const;
  std::size_t walks_aborted() const { return walks_aborted_; }  // total: of removed trees, or given up
  std::size_t refused() const { return refused_; }              // total

  static constexpr std::size_t kMaxWalks = 4, kMaxBigWalks = 2;

 private:
  struct Walks {
    std::size_t all = 0, big = 0;
  };
  Walks judge();

  std::size_t max_trees_;
  std::uint64_t small_entries_;
  std::map<std::string, Tree> trees_;
  std::string last_;  // key of the tree that next() returned last
  std::size_t walks_aborted_ = 0, refused_ = 0;
};

}  // namespace tallyman
