#include "collectors/kernel/filesystem/measured_trees.h"

#include <algorithm>

namespace tallyman {

std::string_view to_string(TreeState state) {
  switch (state) {
    case TreeState::kPending:
      return "pending";
    case TreeState::kMeasured:
      return "measured";
    case TreeState::kRemote:
      return "remote";
    case TreeState::kUnreachable:
      return "unreachable";
    case TreeState::kDenied:
      return "denied";
    case TreeState::kSameTree:
      return "same_tree";
    case TreeState::kNotWalked:
      return "not_walked";
    case TreeState::kHanging:
      return "hanging";
    case TreeState::kFailed:
    case TreeState::kCount:
      break;
  }
  return "failed";
}

MeasuredTrees::Tree* MeasuredTrees::add(const std::string& key, User user, Time now) {
  auto found = trees_.find(key);
  if (found == trees_.end()) {
    if (trees_.size() >= max_trees_) {
      ++refused_;
      return nullptr;
    }
    found = trees_.emplace(key, Tree()).first;
    found->second.due = now;
  }
  auto& users = found->second.users;
  const auto place = std::lower_bound(users.begin(), users.end(), user);
  if (place == users.end() || *place != user) {
    users.insert(place, user);
  }
  return &found->second;
}

void MeasuredTrees::drop(const std::string& key, User user) {
  const auto found = trees_.find(key);
  if (found == trees_.end()) {
    return;
  }
  std::erase(found->second.users, user);
  if (found->second.users.empty()) {
    walks_aborted_ += found->second.walk ? 1U : 0U;
    trees_.erase(found);
  }
}

const MeasuredTrees::Tree* MeasuredTrees::find(const std::string& key) const {
  const auto found = trees_.find(key);
  return found == trees_.end() ? nullptr : &found->second;
}

// Which trees are big, as far as it is known by now.
MeasuredTrees::Walks MeasuredTrees::judge() {
  Walks walks;
  for (auto& [key, tree] : trees_) {
    if (!tree.walk) {
      if (tree.stats && tree.stats->inodes) {
        tree.big = *tree.stats->inodes > small_entries_;
      }
      continue;
    }
    ++walks.all;
    walks.big += tree.big ? 1U : 0U;
  }
  for (auto& [key, tree] : trees_) {
    if (!tree.walk || tree.big || tree.walk->entries() <= small_entries_) {
      continue;
    }
    tree.big = true;
    if (walks.big < kMaxBigWalks) {
      ++walks.big;
    } else {
      tree.walk.reset();
      ++walks_aborted_;
      --walks.all;
    }
  }
  return walks;
}

MeasuredTrees::Tree* MeasuredTrees::next(Time now) {
  const Walks walks = judge();
  const auto has_a_turn = [&](const auto& one) {
    const Tree& tree = one.second;
    const bool may_begin = walks.all < kMaxWalks && (!tree.big || walks.big < kMaxBigWalks);
    return tree.walk || (may_begin && tree.due <= now && tree.state != TreeState::kHanging);
  };
  auto found = std::find_if(trees_.upper_bound(last_), trees_.end(), has_a_turn);
  if (found == trees_.end()) {
    found = std::find_if(trees_.begin(), trees_.end(), has_a_turn);
  }
  if (found == trees_.end()) {
    return nullptr;
  }
  last_ = found->first;
  return &found->second;
}

std::optional<MeasuredTrees::Time> MeasuredTrees::next_due() const {
  std::optional<Time> earliest;
  for (const auto& [key, tree] : trees_) {
    if (tree.state != TreeState::kHanging) {
      const Time due = tree.walk ? Time::min() : tree.due;
      earliest = std::min(earliest.value_or(due), due);
    }
  }
  return earliest;
}

bool MeasuredTrees::is_known_elsewhere(const Tree& tree) const {
  return std::any_of(trees_.begin(), trees_.end(), [&](const auto& one) {
    return &one.second != &tree && one.second.identity == tree.identity && one.second.owner == tree.owner &&
           one.second.state != TreeState::kSameTree;
  });
}

void MeasuredTrees::forget_hanging(Time now) {
  for (auto& [key, tree] : trees_) {
    if (tree.state == TreeState::kHanging) {
      tree.state = TreeState::kPending;
      tree.due = now;
    }
  }
}

std::array<std::size_t, static_cast<std::size_t>(TreeState::kCount)> MeasuredTrees::count() const {
  std::array<std::size_t, static_cast<std::size_t>(TreeState::kCount)> counts{};
  for (const auto& [key, tree] : trees_) {
    ++counts[static_cast<std::size_t>(tree.state)];
  }
  return counts;
}

}  // namespace tallyman
