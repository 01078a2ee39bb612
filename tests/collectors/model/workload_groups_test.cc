// Labels as docker-compose 1.29 and Compose 2.29, Docker Engine 27's swarm mode
// (SwarmKit's docs, "docker inspect" of a task's container) and the kubelet have them.
#include "collectors/model/workload_groups.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

Workload container(std::map<std::string, std::string> labels, std::string id = "/docker/a") {
  Workload workload;
  workload.kind = WorkloadKind::kContainer;
  workload.id = std::move(id);
  workload.container.labels = std::move(labels);
  return workload;
}

const std::map<std::string, std::string> kCompose = {{"com.docker.compose.project", "farm"},
                                                     {"com.docker.compose.service", "web"},
                                                     {"com.docker.compose.container-number", "2"},
                                                     {"com.docker.compose.oneoff", "False"}};

TEST(Groups, ComposeIsProjectServiceAndNumber) {
  const Workload web = container(kCompose);
  const auto compose = compose_of(web);
  ASSERT_TRUE(compose);
  EXPECT_EQ(compose->project, "farm");
  EXPECT_EQ(compose->service, "web");
  EXPECT_EQ(compose->number, 2U);
  EXPECT_FALSE(compose->oneoff);
  EXPECT_EQ(group_of(web, GroupBy::kProject), "farm");
  EXPECT_EQ(group_of(web, GroupBy::kService), "farm/web");
  EXPECT_FALSE(swarm_of(web));
}

TEST(Groups, AOneoffContainerIsMarked) {
  auto labels = kCompose;
  labels["com.docker.compose.oneoff"] = "True";
  labels["com.docker.compose.container-number"] = "many";
  const auto compose = compose_of(container(labels));
  EXPECT_TRUE(compose->oneoff);
  EXPECT_FALSE(compose->number) << "a number that is none";
}

TEST(Groups, SwarmIsStackServiceTaskAndNode) {
  const Workload task = container({{"com.docker.stack.namespace", "shop"},
                                   {"com.docker.swarm.node.id", "n0d3"},
                                   {"com.docker.swarm.service.id", "s3rv1c3"},
                                   {"com.docker.swarm.service.name", "shop_web"},
                                   {"com.docker.swarm.task", ""},
                                   {"com.docker.swarm.task.id", "t4sk"},
                                   {"com.docker.swarm.task.name", "shop_web.1.t4sk"}});
  const auto swarm = swarm_of(task);
  ASSERT_TRUE(swarm);
  EXPECT_EQ(swarm->stack, "shop");
  EXPECT_EQ(swarm->service, "shop_web");
  EXPECT_EQ(swarm->task, "shop_web.1.t4sk");
  EXPECT_EQ(swarm->node, "n0d3");
  EXPECT_EQ(group_of(task, GroupBy::kProject), "shop");
  EXPECT_EQ(group_of(task, GroupBy::kService), "shop/web");
  const Workload alone = container({{"com.docker.swarm.service.name", "registry"}});
  EXPECT_EQ(group_of(alone, GroupBy::kProject), "");
  EXPECT_EQ(group_of(alone, GroupBy::kService), "registry");
}

TEST(Groups, APodIsNamedWithItsNamespaceAndByItsUidUntilThen) {
  Workload app = container({}, "/kubepods/burstable/podu-1/a");
  app.container.kubernetes = {"app", "web-1", "shop", "u-1"};
  Workload pod;
  pod.kind = WorkloadKind::kPod;
  pod.id = "/kubepods/burstable/podu-1";
  pod.pod.uid = "u-1";
  EXPECT_EQ(group_of(pod, GroupBy::kPod), "u-1");
  pod.pod.name = "web-1";
  pod.pod.name_space = "shop";
  EXPECT_EQ(group_of(pod, GroupBy::kPod), "shop/web-1");
  EXPECT_EQ(group_of(app, GroupBy::kPod), "shop/web-1");
  EXPECT_EQ(pod_of(app)->uid, "u-1");
  EXPECT_FALSE(pod_of(container({})));
  EXPECT_FALSE(pod_of(container({{"io.kubernetes.pod.name", "web-1"}}))) << "an image may say so";
}

TEST(Groups, ATaskOfEcsIsAPod) {
  Workload task = container({}, "/ecs/0f1e/a");
  task.ecs_task = "0f1e";
  EXPECT_EQ(group_of(task, GroupBy::kPod), "0f1e");
}

TEST(Groups, ASliceIsTheOneRightAbove) {
  const auto slice = [](const char* id) { return group_of(container({}, id), GroupBy::kSlice); };
  EXPECT_EQ(slice("/system.slice/nginx.service"), "system.slice");
  EXPECT_EQ(slice("/system.slice/system-getty.slice/getty@tty1.service"), "system-getty.slice");
  EXPECT_EQ(slice("/user.slice/user-1000.slice/user@1000.service/app.slice/a.service"), "user@1000.service/app.slice");
  EXPECT_EQ(slice("/user.slice/user-1000.slice/user@1000.service/init.scope"), "user-1000.slice");
  EXPECT_EQ(slice("/docker/a"), "");
  EXPECT_EQ(slice("/.slice/a"), "") << "no name";
  EXPECT_EQ(slice("/"), "");
  EXPECT_EQ(slice("process:/a.slice/b"), "") << "no cgroup";
  Workload own = container({}, "/user.slice/user-1000.slice");
  own.kind = WorkloadKind::kSlice;
  EXPECT_EQ(group_of(own, GroupBy::kSlice), "") << "a slice is a group, no member of one";
  EXPECT_EQ(slice_of(own), "user.slice");
}

TEST(Groups, WithoutLabelsThereIsNone) {
  const Workload plain = container({});
  for (const GroupBy by : {GroupBy::kProject, GroupBy::kService, GroupBy::kPod, GroupBy::kImage, GroupBy::kSlice}) {
    EXPECT_EQ(group_of(plain, by), "") << to_string(by);
    EXPECT_EQ(group_by_named(to_string(by)), by);
  }
  EXPECT_FALSE(group_by_named("colour"));
}

}  // namespace
}  // namespace tallyman
