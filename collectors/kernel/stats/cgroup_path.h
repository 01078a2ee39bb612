// The path of a cgroup from the root of its hierarchy: "/", "/docker", "/docker/ID".
// A view: it owns no text, and only what returns a std::string allocates.
#pragma once

#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>

namespace tallyman {

class CgroupPath {
 public:
  // The names along a path, from the top. For `for`.
  class Components {
   public:
    class Iterator {
     public:
      constexpr explicit Iterator(std::string_view rest) : rest_(rest) {}
      constexpr std::string_view operator*() const { return rest_.substr(0, rest_.find('/')); }
      constexpr Iterator& operator++() {
        const std::size_t slash = rest_.find('/');
        rest_.remove_prefix(slash == std::string_view::npos ? rest_.size() : slash + 1);
        return *this;
      }
      friend constexpr bool operator==(Iterator at, std::default_sentinel_t) { return at.rest_.empty(); }

     private:
      std::string_view rest_;
    };

    constexpr explicit Components(std::string_view relative) : relative_(relative) {}
    constexpr Iterator begin() const { return Iterator(relative_); }
    constexpr std::default_sentinel_t end() const { return {}; }

   private:
    std::string_view relative_;
  };

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
  // "docker" and "ID" of "/docker/ID"; none of the root.
  constexpr Components components() const { return Components(text_.substr(text_.starts_with('/') ? 1 : 0)); }
  // As openat() takes it below the directory of the root: "docker/ID"; "." for the root.
  constexpr std::string_view relative() const { return is_root() ? std::string_view(".") : text_.substr(1); }

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
