// Which cgroups become workloads.
#pragma once

#include "collectors/model/workload.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace tallyman {

struct CgroupChoice {
  using Matches = std::function<bool(std::string_view path, WorkloadKind kind)>;
  Matches excluded{}, included{};                                  // the user's; null: none. `included` goes first
  std::function<WorkloadKind(const std::string& path)> kind_of{};  // null: each is a cgroup
};

enum class Shown : std::uint8_t {
  kYes,
  kNo,
  kWithProcesses,  // only while a process is in it
};

// Without a word of the user's, mounts, swap and automounts of systemd are left out, which
// hold no process, and its transient scopes (run-r1f.scope) as long as they hold none: the
// kubelet makes one for each mount. The root is always shown.
Shown is_shown(const CgroupChoice& choice, const std::string& path);

}  // namespace tallyman
