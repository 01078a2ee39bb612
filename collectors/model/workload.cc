#include "collectors/model/workload.h"

namespace tallyman {

std::string_view to_string(WorkloadKind kind) {
  switch (kind) {
    case WorkloadKind::kHost:
      return "host";
    case WorkloadKind::kContainer:
      return "container";
    case WorkloadKind::kPod:
      return "pod";
    case WorkloadKind::kMachine:
      return "machine";
    case WorkloadKind::kService:
      return "service";
    case WorkloadKind::kSlice:
      return "slice";
    case WorkloadKind::kScope:
      return "scope";
    case WorkloadKind::kProcess:
      return "process";
    case WorkloadKind::kCgroup:
      return "cgroup";
  }
  return "cgroup";
}

std::string_view to_string(Health health) {
  switch (health) {
    case Health::kNone:
      return "none";
    case Health::kStarting:
      return "starting";
    case Health::kHealthy:
      return "healthy";
    case Health::kUnhealthy:
      return "unhealthy";
  }
  return "none";
}

}  // namespace tallyman
