// The path of a cgroup from the root of its hierarchy: "/", "/docker", "/docker/ID".
// A view: it owns no text, and only what returns a std::string allocates.
#pragma once

#include <string>
#include <string_view>

namespace tallyman {

class CgroupPath {
 public:
  constexpr explicit CgroupPath(std::string_view text) : text_(text) {}

  constexpr std::string_view text() const { return text_; }
  constexpr bool is_root() const { return text_ == "/"; }
  // The last component; empty for the root.
  constexpr std::string_view name() const { return text_.substr(text_.rfind('/') + 1); }
  // The root is its own parent.
  constexpr CgroupPath parent() const {
    const std::size_t slash = text_.rfind('/');
    return CgroupPath(slash == 0 || slash == std::string_view::npos ? std::string_view("/") : text_.substr(0, slash));
  }
  // Below this one, at any depth; a path does not contain itself.
  constexpr bool contains(CgroupPath other) const {
    if (other.text_.size() <= text_.size() || !other.text_.starts_with(text_)) return false;
    return is_root() || other.text_[text_.size()] == '/';
  }
  // 0 for the root, 1 for "/docker".
  std::size_t depth() const;

  std::string child(std::string_view name) const;
  // Its directory, where the hierarchy is mounted at `mount_point`.
  std::string directory_in(const std::string& mount_point) const;
  // What every path below begins with: in a sorted container those are the ones from
  // upper_bound() of it on, for as long as contains() holds.
  std::string prefix_of_descendants() const;

  friend constexpr bool operator==(CgroupPath, CgroupPath) = default;

 private:
  std::string_view text_;
};

}  // namespace tallyman
