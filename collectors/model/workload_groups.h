// The groups of a workload: the project and service of Docker Compose (fig) and Docker
// Swarm, the pod, the image, the slice. Pure: uses only the workload.
#pragma once

#include "collectors/model/workload.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tallyman {

// From the labels com.docker.compose.*.
struct ComposeIdentity {
  std::string project, service;
  std::optional<std::uint32_t> number;
  bool oneoff = false;  // by "compose run"
};
std::optional<ComposeIdentity> compose_of(const Workload& workload);

// From the labels com.docker.swarm.* and com.docker.stack.namespace.
struct SwarmIdentity {
  std::string stack, service, task, node;  // task and service are names, the node is an id
};
std::optional<SwarmIdentity> swarm_of(const Workload& workload);

// The pod that it is, or that it is a container of.
std::optional<PodIdentity> pod_of(const Workload& workload);

// The slice directly above it: "system.slice". One of a user's manager is
// "user@1000.service/app.slice", since every user has those. Empty: it is in none.
std::string slice_of(const Workload& workload);

enum class GroupBy : std::uint8_t { kProject, kService, kPod, kImage, kSlice };
std::string_view to_string(GroupBy by);  // "project", ...
std::optional<GroupBy> group_by_named(std::string_view name);

// "farm" (a Compose project, a Swarm stack); "farm/web" (a Swarm service; without a stack
// "web"); "shop/web-7d4b9" (namespace and pod; else the pod's uid; for an ECS task its
// id); the image; the slice. Empty: it is in no such group.
std::string group_of(const Workload& workload, GroupBy by);

}  // namespace tallyman
