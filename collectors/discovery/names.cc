#include "collectors/discovery/names.h"

#include "collectors/discovery/runtimes/container_files.h"
#include "collectors/discovery/runtimes/ecs.h"
#include "collectors/discovery/runtimes/kubernetes.h"
#include "collectors/discovery/runtimes/systemd_paths.h"
#include "collectors/kernel/stats/cgroup_path.h"
#include "collectors/model/workload_id.h"

#include <utility>

namespace tallyman {
namespace {

// Podman's pods: machine-libpod_pod_ID.slice, or user-libpod_pod_ID.slice of a user's;
// /libpod_parent/ID with the cgroupfs driver. Only Podman's database has their names.
std::string podman_pod_of(std::string_view path) {
  const CgroupPath cgroup(path);
  const std::string_view name = cgroup.name();
  for (const std::string_view prefix : {"machine-libpod_pod_", "user-libpod_pod_"}) {
    const std::string_view id = id_between(name, prefix, ".slice");
    if (!id.empty()) return std::string(id);
  }
  const bool by_cgroupfs = cgroup.parent() == CgroupPath("/libpod_parent") && is_container_id(name);
  return by_cgroupfs ? std::string(name) : std::string();
}

}  // namespace

void name_by_path(Workload& workload) {
  const std::string_view path = workload.id;
  const std::string_view name = CgroupPath(path).name();
  const auto set = [&workload](WorkloadKind kind, std::string text) {
    workload.kind = kind;
    workload.workload = std::move(text);
  };
  if (CgroupPath(path).is_root()) return set(WorkloadKind::kHost, "host");
  workload.user = user_of(path);
  workload.made_by_user = maker_of(path).has_value();
  const bool may_be_more = workload.inside.empty() && !workload.made_by_user;
  if (auto pod = may_be_more ? pod_by_path(path) : std::nullopt) {
    workload.pod = std::move(*pod);
    return set(WorkloadKind::kPod, workload.pod.uid);
  }
  if (auto task = ecs_task_of(path)) {
    workload.ecs_task = std::move(task->id);
    if (task->is_own && may_be_more) return set(WorkloadKind::kPod, workload.ecs_task);
  }
  if (const auto id = podman_pod_of(path); !id.empty() && workload.inside.empty())
    return set(WorkloadKind::kPod, id.substr(0, kShortIdDigits));
  if (auto machine = machine_at(path); may_be_more && !machine.empty() && name.ends_with(".scope"))
    return set(WorkloadKind::kMachine, std::move(machine));
  if (is_unit_of_type(name, ".service")) return set(WorkloadKind::kService, std::string(name));
  if (is_unit_of_type(name, ".slice")) return set(WorkloadKind::kSlice, std::string(name));
  if (is_unit_of_type(name, ".scope")) return set(WorkloadKind::kScope, std::string(name));
  set(WorkloadKind::kCgroup, std::string(path));
}

// A path is unique as it is.
std::string shown_name(const Workload& workload, const Workload* outer, std::string_view name) {
  if (name.starts_with('/')) return std::string(name);
  std::string shown;
  if (outer != nullptr) {
    shown = outer->workload + "/";
  } else if (workload.made_by_user && workload.user) {
    shown = "user@" + std::to_string(*workload.user) + "/";
  }
  return shown.append(name);
}

}  // namespace tallyman
