#include "collectors/model/workload_groups.h"

#include "collectors/kernel/system/text.h"
#include "collectors/model/workload_id.h"

#include <array>

namespace tallyman {
namespace {

constexpr std::array<std::string_view, 5> kGroupNames = {"project", "service", "pod", "image", "slice"};

std::string label(const Workload& workload, const char* name) {
  const auto found = workload.container.labels.find(name);
  return found == workload.container.labels.end() ? std::string() : found->second;
}

// "a/b", or only "b" if there is no a.
std::string joined(const std::string& above, std::string name) {
  return above.empty() || name.empty() ? std::move(name) : above + "/" + name;
}

std::string project_of(const Workload& workload) {
  if (const auto compose = compose_of(workload)) return compose->project;
  if (const auto swarm = swarm_of(workload)) return swarm->stack;
  return {};
}

std::string service_of(const Workload& workload) {
  if (const auto compose = compose_of(workload)) return joined(compose->project, compose->service);
  const auto swarm = swarm_of(workload);
  if (!swarm) return {};
  // "docker stack deploy" puts the stack before the service's own name.
  const bool named_after_stack = !swarm->stack.empty() && swarm->service.starts_with(swarm->stack + "_");
  return joined(swarm->stack, named_after_stack ? swarm->service.substr(swarm->stack.size() + 1) : swarm->service);
}

std::string pod_name_of(const Workload& workload) {
  const auto pod = pod_of(workload);
  if (!pod) return workload.ecs_task;
  return pod->name.empty() ? pod->uid : joined(pod->name_space, pod->name);
}

}  // namespace

std::optional<ComposeIdentity> compose_of(const Workload& workload) {
  ComposeIdentity identity;
  identity.project = label(workload, "com.docker.compose.project");
  if (identity.project.empty()) return {};
  identity.service = label(workload, "com.docker.compose.service");
  identity.number = to_number<std::uint32_t>(label(workload, "com.docker.compose.container-number"));
  const std::string oneoff = label(workload, "com.docker.compose.oneoff");
  identity.oneoff = oneoff == "True" || oneoff == "true";
  return identity;
}

std::optional<SwarmIdentity> swarm_of(const Workload& workload) {
  SwarmIdentity identity;
  identity.service = label(workload, "com.docker.swarm.service.name");
  if (identity.service.empty()) return {};
  identity.stack = label(workload, "com.docker.stack.namespace");
  identity.task = label(workload, "com.docker.swarm.task.name");
  identity.node = label(workload, "com.docker.swarm.node.id");
  return identity;
}

std::optional<PodIdentity> pod_of(const Workload& workload) {
  if (workload.kind == WorkloadKind::kPod && !workload.pod.uid.empty()) return workload.pod;
  const auto& kubernetes = workload.container.kubernetes;
  if (!kubernetes || kubernetes->pod.empty()) return {};
  PodIdentity identity;
  identity.name = kubernetes->pod;
  identity.name_space = kubernetes->name_space;
  identity.uid = kubernetes->uid;
  return identity;
}

std::string slice_of(const Workload& workload) {
  constexpr std::string_view kSlice = ".slice";
  const auto cgroup = WorkloadId(workload.id).cgroup();
  if (!cgroup) return {};
  std::string slice, manager;
  for (const std::string_view name : cgroup->parent().components()) {
    if (name.starts_with("user@") && name.ends_with(".service")) manager = name;
    if (name.size() > kSlice.size() && name.ends_with(kSlice)) slice = joined(manager, std::string(name));
  }
  return slice;
}

std::string_view to_string(GroupBy by) { return kGroupNames[static_cast<std::size_t>(by)]; }

std::optional<GroupBy> group_by_named(std::string_view name) {
  for (std::size_t i = 0; i < kGroupNames.size(); ++i) {
    if (kGroupNames[i] == name) return static_cast<GroupBy>(i);
  }
  return {};
}

std::string group_of(const Workload& workload, GroupBy by) {
  switch (by) {
    case GroupBy::kProject:
      return project_of(workload);
    case GroupBy::kService:
      return service_of(workload);
    case GroupBy::kPod:
      return pod_name_of(workload);
    case GroupBy::kImage:
      return workload.container.image;
    case GroupBy::kSlice:
      return workload.kind == WorkloadKind::kSlice ? std::string() : slice_of(workload);
  }
  return {};
}

}  // namespace tallyman
