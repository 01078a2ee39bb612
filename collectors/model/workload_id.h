// What the id of a workload refers to: the host ("/"), another cgroup ("/docker/ID") or
// a group of processes ("process:NAME"). A view of Workload::id; it owns no text.
#pragma once

#include "collectors/kernel/stats/cgroup_path.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tallyman {

// Digits of a container id that are enough to ask for it, and that stand for a container without a name.
inline constexpr std::size_t kShortIdDigits = 12;

class WorkloadId {
 public:
  enum class Type : std::uint8_t { kHost, kCgroup, kProcessGroup };

  constexpr explicit WorkloadId(std::string_view text) : text_(text) {}
  static std::string of_process_group(std::string_view name) { return std::string(kProcessGroupPrefix).append(name); }

  constexpr std::string_view text() const { return text_; }
  constexpr Type type() const {
    if (!text_.starts_with('/')) return Type::kProcessGroup;
    return text_.size() == 1 ? Type::kHost : Type::kCgroup;
  }
  constexpr bool is_host() const { return type() == Type::kHost; }
  // The host is a cgroup too: the root. Nothing for a group of processes.
  constexpr std::optional<CgroupPath> cgroup() const {
    return type() == Type::kProcessGroup ? std::nullopt : std::optional(CgroupPath(text_));
  }
  // Empty for a cgroup.
  constexpr std::string_view process_group() const {
    return text_.starts_with(kProcessGroupPrefix) ? text_.substr(kProcessGroupPrefix.size()) : std::string_view();
  }
  // A cgroup that `other` is below. No group of processes is above or below anything.
  constexpr bool contains(WorkloadId other) const {
    const auto above = cgroup(), below = other.cgroup();
    return above && below && above->contains(*below);
  }

 private:
  static constexpr std::string_view kProcessGroupPrefix = "process:";

  std::string_view text_;
};

}  // namespace tallyman
