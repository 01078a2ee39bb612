// Paths as amazon-ecs-agent 1.89 makes them: /ecs/TASK on cgroup v1 (agent/config,
// DefaultTaskCgroupV1Prefix), ecstasks.slice/ecstasks-TASK.slice on v2
// (agent/api/task/task_linux.go, buildCgroupV2Root), Docker's containers in them.
#include "collectors/discovery/runtimes/ecs.h"
#include "collectors/discovery/runtimes/docker.h"

#include "collectors/discovery/discovery.h"
#include "tests/support/host_builder.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

const std::string kTask = "e95a40efbde84cbc8600660a109ec194";
const std::string kOldTask = "e95a40ef-bde8-4cbc-8600-660a109ec194";
const std::string kContainer = std::string(63, 'c') + '1';

TEST(EcsTask, IsInThePathOfBothDrivers) {
  for (const std::string& path : {"/ecs/" + kTask, "/ecstasks.slice/ecstasks-" + kTask + ".slice"}) {
    const auto task = ecs_task_of(path);
    ASSERT_TRUE(task) << path;
    EXPECT_EQ(task->id, kTask);
    EXPECT_TRUE(task->is_own);
  }
  for (const std::string& path : {"/ecs/" + kTask + "/" + kContainer,
                                  "/ecstasks.slice/ecstasks-" + kTask + ".slice/docker-" + kContainer + ".scope"}) {
    const auto task = ecs_task_of(path);
    ASSERT_TRUE(task) << path;
    EXPECT_EQ(task->id, kTask);
    EXPECT_FALSE(task->is_own);
  }
  EXPECT_EQ(ecs_task_of("/ecs/" + kOldTask)->id, kOldTask);
}

TEST(EcsTask, IsNotInOtherPaths) {
  for (const std::string& path :
       {std::string("/"), std::string("/ecs"), std::string("/ecs/"), std::string("/ecs/backup"), "/other/ecs/" + kTask,
        std::string("/ecstasks.slice"), "/ecstasks.slice/ecstasks-" + kTask + ".scope",
        "/ecstasks.slice/ecstasks-" + kTask, "/ecs/" + kTask + "0"}) {
    EXPECT_FALSE(ecs_task_of(path)) << path;
  }
}

TEST(Ecs, DockersFilesNameTheContainersOfATask) {
  HostBuilder host;
  host.dir("sys/fs/cgroup/ecs/" + kTask + "/" + kContainer);
  host.file("var/lib/docker/containers/" + kContainer + "/config.v2.json",
            R"({"State":{"Running":true,"Pid":42,"StartedAt":"2026-11-24T00:25:29Z"},"Name":"/ecs-shop-3-web-1",)"
            R"("Config":{"Image":"shop/web:3","Labels":{"com.amazonaws.ecs.cluster":"prod",)"
            R"("com.amazonaws.ecs.container-name":"web","com.amazonaws.ecs.task-definition-family":"shop"}}})");
  DiscoveryOptions options;
  options.tree.hierarchies = {host.path("sys/fs/cgroup")};
  std::vector<std::unique_ptr<Runtime>> runtimes;
  runtimes.push_back(make_docker_runtime(host.root(), ""));
  Discovery discovery(options, std::move(runtimes));
  discovery.refresh();
  std::map<std::string, WorkloadPtr> by_id;
  for (const auto& workload : *discovery.current()) by_id[workload->id] = workload;
  const Workload& task = *by_id.at("/ecs/" + kTask);
  EXPECT_EQ(task.kind, WorkloadKind::kPod);
  EXPECT_EQ(task.workload, kTask);
  const Workload& web = *by_id.at("/ecs/" + kTask + "/" + kContainer);
  EXPECT_EQ(web.kind, WorkloadKind::kContainer);
  EXPECT_EQ(web.workload, "ecs-shop-3-web-1");
  EXPECT_EQ(web.ecs_task, kTask);
  EXPECT_EQ(web.container.labels.at("com.amazonaws.ecs.container-name"), "web");
}

}  // namespace
}  // namespace tallyman
