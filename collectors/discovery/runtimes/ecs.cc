#include "collectors/discovery/runtimes/ecs.h"

#include <algorithm>

namespace tallyman {
namespace {

constexpr std::string_view kCgroupfs = "/ecs/";
constexpr std::string_view kSystemd = "/ecstasks.slice/ecstasks-";

// 32 digits, with dashes before 2018 (a UUID).
bool is_task_id(std::string_view id) {
  constexpr std::size_t kDigits = 32;
  return id.find_first_not_of("0123456789abcdef-") == std::string_view::npos &&
         static_cast<std::size_t>(std::count_if(id.begin(), id.end(), [](char c) { return c != '-'; })) == kDigits;
}

}  // namespace

std::optional<EcsTask> ecs_task_of(std::string_view cgroup_path) {
  const bool by_systemd = cgroup_path.starts_with(kSystemd);
  if (!by_systemd && !cgroup_path.starts_with(kCgroupfs)) return {};
  cgroup_path.remove_prefix(by_systemd ? kSystemd.size() : kCgroupfs.size());
  std::string_view id = cgroup_path.substr(0, cgroup_path.find('/'));
  const bool is_own = id.size() == cgroup_path.size();
  if (by_systemd) {
    constexpr std::string_view kSlice = ".slice";
    if (!id.ends_with(kSlice)) return {};
    id.remove_suffix(kSlice.size());
  }
  if (!is_task_id(id)) return {};
  return EcsTask{std::string(id), is_own};
}

}  // namespace tallyman
