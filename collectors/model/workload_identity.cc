#include "collectors/model/workload_identity.h"

#include "collectors/model/workload_groups.h"

namespace tallyman {
namespace {

std::string in_pod(const KubernetesIdentity& identity) {
  const std::string pod = identity.uid.empty() ? identity.name_space + "/" + identity.pod : identity.uid;
  return "pod:" + pod + "/" + identity.container;
}

// Empty if nothing names it.
std::string by_runtime(const Workload& workload) {
  const ContainerMetadata& container = workload.container;
  if (workload.kind == WorkloadKind::kMachine) {
    return "machine:" + (container.name.empty() ? workload.container_id : container.name);
  }
  const auto compose = compose_of(workload);
  if (compose && !compose->oneoff && compose->number && !compose->service.empty()) {
    return "compose:" + compose->project + "/" + compose->service + "/" + std::to_string(*compose->number);
  }
  return container.name.empty() ? std::string() : "name:" + container.name;
}

}  // namespace

std::string identity_of(const Workload& workload) {
  if (!has_lasting_identity(workload) || workload.kind == WorkloadKind::kService) {
    return workload.id;
  }
  if (workload.container.kubernetes) {
    return in_pod(*workload.container.kubernetes);
  }
  const std::string named = by_runtime(workload);
  if (named.empty()) {
    return workload.id;
  }
  // Each user has containers of one's own, and each runtime its own names.
  const std::string user = workload.user ? std::to_string(*workload.user) + "@" : std::string();
  return user + workload.runtime + "/" + named;
}

bool has_lasting_identity(const Workload& workload) {
  const WorkloadKind kind = workload.kind;
  return workload.inside.empty() &&
         (kind == WorkloadKind::kContainer || kind == WorkloadKind::kMachine || kind == WorkloadKind::kService);
}

std::string subject_of(const Workload& workload) {
  const auto& kubernetes = workload.container.kubernetes;
  if (workload.kind != WorkloadKind::kContainer || !kubernetes || kubernetes->pod.empty()) {
    return workload.workload;
  }
  return workload.workload + " in " + kubernetes->name_space + "/" + kubernetes->pod;
}

}  // namespace tallyman
