#include "collectors/discovery/tree/cgroup_choice.h"

#include "collectors/kernel/stats/cgroup_path.h"

#include <algorithm>

namespace tallyman {
namespace {

constexpr std::string_view kWithoutProcesses[] = {".mount", ".swap", ".automount"};

}  // namespace

Shown is_shown(const CgroupChoice& choice, const std::string& path) {
  const CgroupPath cgroup(path);
  if (cgroup.is_root()) return Shown::kYes;
  if (choice.included || choice.excluded) {
    const WorkloadKind kind = choice.kind_of ? choice.kind_of(path) : WorkloadKind::kCgroup;
    if (choice.included && choice.included(path, kind)) return Shown::kYes;
    if (choice.excluded && choice.excluded(path, kind)) return Shown::kNo;
  }
  const std::string_view name = cgroup.name();
  if (std::any_of(std::begin(kWithoutProcesses), std::end(kWithoutProcesses),
                  [&](std::string_view suffix) { return name.ends_with(suffix); })) {
    return Shown::kNo;
  }
  return name.starts_with("run-") && name.ends_with(".scope") ? Shown::kWithProcesses : Shown::kYes;
}

}  // namespace tallyman
