// Amazon ECS: tasks are cgroups with Docker's containers in them, which Docker's own
// files name. /ecs/TASK/CONTAINER with the cgroupfs driver,
// ecstasks.slice/ecstasks-TASK.slice/docker-CONTAINER.scope with systemd's
// (amazon-ecs-agent, agent/taskresource/cgroup and the agent's cgroup root "/ecs"). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tallyman {

struct EcsTask {
  std::string id;
  bool is_own = false;  // the path is the task's own cgroup, not one below it
};

// The task that the cgroup is, or belongs to.
std::optional<EcsTask> ecs_task_of(std::string_view cgroup_path);

}  // namespace tallyman
