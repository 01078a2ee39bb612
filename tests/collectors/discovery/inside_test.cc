// One rule for every runtime: what is below a container is that container's, whatever it is called.
#include "collectors/discovery/discovery.h"
#include "collectors/discovery/runtimes/all_runtimes.h"
#include "tests/collectors/discovery/discovery_fixture.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tallyman {
namespace {

const std::string kPod = "pod0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
const std::string kUsers = "/user.slice/user-1000.slice/user@1000.service";

class InsideTest : public DiscoveryTest {
 protected:
  void cgroup(const std::string& path) { host_.dir("sys/fs/cgroup/memory" + path); }
  WorkloadPtr look(const std::string& path) {
    if (!discovery_) {
      discovery_ = std::make_unique<Discovery>(options(), all_runtimes({host_.root(), "", ""}));
      discovery_->refresh();
    }
    return find(discovery_->current(), path);
  }

  std::unique_ptr<Discovery> discovery_;
};

TEST_F(InsideTest, NothingIsAContainerAPodOrAMachine) {
  const std::vector<std::string> outers = {"/docker/" + id_of(1),
                                           "/system.slice/docker-" + id_of(1) + ".scope",
                                           "/machine.slice/libpod-" + id_of(1) + ".scope",
                                           "/system.slice/crio-" + id_of(1) + ".scope",
                                           "/system.slice/cri-containerd-" + id_of(1) + ".scope",
                                           "/kubepods/" + kPod + "/" + id_of(1),
                                           "/batch/" + id_of(1),
                                           "/lxc/102/ns",
                                           "/lxc.payload.box",
                                           "/lxc.payload/box",
                                           "/mesos/53fa5e8c-9a7b-4f0a-8d3e-0b1c2d3e4f50",
                                           "/docker/buildkit/wy4hbqzlqk2mxd31g8xmlgt0q",
                                           "/machine.slice/machine-box.scope",
                                           "/machine.slice/systemd-nspawn@box.service/payload",
                                           R"(/machine.slice/machine-qemu\x2d1\x2dwin.scope)",
                                           "/machine/box.libvirt-lxc"};
  const std::vector<std::string> imitations = {"/lxc.payload.victim",
                                               "/lxc/victim",
                                               "/docker/" + id_of(2),
                                               "/system.slice/docker-" + id_of(2) + ".scope",
                                               "/libpod-" + id_of(2) + ".scope",
                                               "/x.slice:cri-containerd:" + id_of(2),
                                               "/kubepods/" + kPod,
                                               "/kubepods/" + kPod + "/" + id_of(2),
                                               "/machine.slice/machine-victim.scope",
                                               R"(/machine.slice/machine-qemu\x2d1\x2dvictim.scope)",
                                               "/libvirt/qemu/victim",
                                               "/mesos/53fa5e8c-9a7b-4f0a-8d3e-0b1c2d3e4f50",
                                               "/machine.slice/machine-libpod_pod_" + id_of(2) + ".slice"};
  for (const std::string& outer : outers)
    for (const std::string& inner : imitations) cgroup(outer + inner);
  for (const std::string& outer : outers) {
    for (const std::string& inner : imitations) {
      const WorkloadPtr one = look(outer + inner);
      ASSERT_TRUE(one) << outer << inner;
      EXPECT_NE(one->kind, WorkloadKind::kContainer) << outer << inner;
      EXPECT_NE(one->kind, WorkloadKind::kPod) << outer << inner;
      EXPECT_NE(one->kind, WorkloadKind::kMachine) << outer << inner;
      EXPECT_EQ(one->runtime, "") << outer << inner;
      EXPECT_NE(one->inside, "") << outer << inner;
    }
  }
}

TEST_F(InsideTest, AUnitIsNamedAfterTheContainerAndNotLikeTheHosts) {
  files(1, config("web"));
  start_cgroup(1);
  cgroup("/system.slice/cron.service");
  cgroup("/docker/" + id_of(1) + "/system.slice/cron.service");
  cgroup("/lxc/102/ns/system.slice/cron.service");
  EXPECT_EQ(look("/system.slice/cron.service")->workload, "cron.service");
  EXPECT_EQ(look("/system.slice/cron.service")->inside, "");
  const WorkloadPtr in_web = look("/docker/" + id_of(1) + "/system.slice/cron.service");
  EXPECT_EQ(in_web->workload, "web/cron.service");
  EXPECT_EQ(in_web->kind, WorkloadKind::kService);
  EXPECT_EQ(in_web->inside, "/docker/" + id_of(1));
  EXPECT_EQ(look("/lxc/102/ns/system.slice/cron.service")->workload, "102/cron.service");
  EXPECT_EQ(look("/lxc/102/ns")->workload, "/lxc/102/ns") << "a path is unique as it is";
}

TEST_F(InsideTest, AUnitIsRenamedWithItsContainer) {
  start_cgroup(1);
  const std::string cron = "/docker/" + id_of(1) + "/cron.service";
  cgroup(cron);
  EXPECT_EQ(look(cron)->workload, id_of(1).substr(0, 12) + "/cron.service");
  files(1, config("web"));
  discovery_->refresh();
  EXPECT_EQ(look(cron)->workload, "web/cron.service");
  const WorkloadPtr before = look(cron);
  discovery_->refresh();
  EXPECT_EQ(look(cron), before) << "the same object, since no fact changed";
}

TEST_F(InsideTest, APodOfPodmansIsNoContainerAround) {
  const std::string pod = "/machine.slice/machine-libpod_pod_" + id_of(3) + ".slice";
  cgroup(pod + "/libpod-" + id_of(4) + ".scope");
  EXPECT_EQ(look(pod)->kind, WorkloadKind::kPod);
  EXPECT_EQ(look(pod + "/libpod-" + id_of(4) + ".scope")->kind, WorkloadKind::kContainer);
}

// Named by its files only later, when its children are known already.
TEST_F(InsideTest, WhatTurnsOutToBeAContainerHasItsChildrenInside) {
  cgroup("/default/redis/x.service");
  EXPECT_EQ(look("/default/redis/x.service")->inside, "");
  host_.file("run/containerd/io.containerd.runtime.v2.task/default/redis/config.json", "{}");
  discovery_->refresh();
  EXPECT_EQ(look("/default/redis")->kind, WorkloadKind::kContainer);
  EXPECT_EQ(look("/default/redis/x.service")->inside, "/default/redis");
  EXPECT_EQ(look("/default/redis/x.service")->workload, "redis/x.service");
}

TEST_F(InsideTest, WhatAUserMadeSaysWho) {
  const std::string other = "/user.slice/user-1001.slice/user@1001.service/app.slice/syncthing.service";
  for (const char* path : {"/app.slice/syncthing.service", "/lxc.payload.victim"}) cgroup(kUsers + path);
  cgroup(kUsers + "/machine.slice/machine-victim.scope");
  cgroup(kUsers + "/kubepods/" + kPod);
  cgroup(other);
  cgroup("/user.slice/user-1000.slice/session-3.scope");
  host_.file("run/systemd/machines/victim", "NAME=victim\nCLASS=container\nLEADER=1\n");
  EXPECT_EQ(look(kUsers + "/app.slice/syncthing.service")->workload, "user@1000/syncthing.service");
  EXPECT_EQ(look(other)->workload, "user@1001/syncthing.service");
  EXPECT_TRUE(look(other)->made_by_user);
  EXPECT_EQ(look("/user.slice/user-1000.slice/session-3.scope")->workload, "session-3.scope");
  EXPECT_FALSE(look("/user.slice/user-1000.slice/session-3.scope")->made_by_user) << "logind made it";
  EXPECT_EQ(look(kUsers + "/lxc.payload.victim")->workload, "user@1000/victim");
  EXPECT_EQ(look(kUsers + "/machine.slice/machine-victim.scope")->kind, WorkloadKind::kScope);
  EXPECT_FALSE(look(kUsers + "/machine.slice/machine-victim.scope")->container.init_pid);
  EXPECT_EQ(look(kUsers + "/kubepods/" + kPod)->kind, WorkloadKind::kCgroup);
}

// attack: a JSON file in the own home, and a cgroup libpod-ID.scope in the own tree.
TEST_F(InsideTest, WhatAUsersFilesSayIsThatUsersClaim) {
  const std::string storage = "home/mallory/.local/share/containers/storage/overlay-containers/";
  const std::string run = "run/user/1000/containers/overlay-containers/";
  host_.file("etc/passwd", "mallory:x:1000:1000::/home/mallory:/bin/sh\n")
      .file(storage + id_of(5) + "/userdata/config.json",
            R"({"annotations":{"io.kubernetes.pod.name":"payments-0","io.kubernetes.pod.namespace":"prod",)"
            R"("io.kubernetes.container.name":"payments","io.kubernetes.cri-o.ContainerType":"container"}})")
      .file(storage + "containers.json", R"([{"id":")" + id_of(5) + R"(","names":["victim"]}])")
      .file(run + id_of(5) + "/userdata/pidfile", "1");
  const std::string own = kUsers + "/libpod-" + id_of(5) + ".scope";
  cgroup(own);
  cgroup("/machine.slice/libpod-" + id_of(5) + ".scope");
  const WorkloadPtr claim = look(own);
  ASSERT_EQ(claim->kind, WorkloadKind::kContainer);
  EXPECT_EQ(claim->workload, "user@1000/payments") << "the user's own name for it";
  EXPECT_EQ(claim->container.claimed_by, 1000U);
  EXPECT_FALSE(claim->container.kubernetes) << "no pod of this host's";
  EXPECT_FALSE(claim->container.init_pid) << "process 1 is not the user's";
  EXPECT_EQ(claim->container.labels.at("io.kubernetes.pod.name"), "payments-0");
  const WorkloadPtr roots = look("/machine.slice/libpod-" + id_of(5) + ".scope");
  EXPECT_EQ(roots->container, ContainerMetadata()) << "and nothing about a container of root's";
}

TEST_F(InsideTest, AnImagesLabelsMakeAPodOnlyWhereTheCgroupIsThatPods) {
  const std::string labeled = R"({"Name":"/k8s_app","Config":{"Labels":{"io.kubernetes.pod.name":"web-0",)"
                              R"("io.kubernetes.pod.namespace":"shop","io.kubernetes.container.name":"app"}}})";
  files(1, labeled);
  files(2, labeled);
  start_cgroup(1);
  cgroup("/kubepods/" + kPod + "/" + id_of(2));
  EXPECT_FALSE(look("/docker/" + id_of(1))->container.kubernetes);
  EXPECT_EQ(look("/docker/" + id_of(1))->workload, "k8s_app");
  const WorkloadPtr in_pod = look("/kubepods/" + kPod + "/" + id_of(2));
  ASSERT_TRUE(in_pod->container.kubernetes) << "Docker under a kubelet";
  EXPECT_EQ(in_pod->container.kubernetes->container, "app");
  EXPECT_EQ(in_pod->workload, "app");
  EXPECT_EQ(look("/kubepods/" + kPod)->workload, "web-0");
}

TEST_F(InsideTest, AContainerInAPodIsOneWithoutItsFiles) {
  cgroup("/kubepods/" + kPod + "/" + id_of(2));
  const WorkloadPtr one = look("/kubepods/" + kPod + "/" + id_of(2));
  EXPECT_EQ(one->kind, WorkloadKind::kContainer);
  EXPECT_EQ(one->container_id, id_of(2));
  EXPECT_EQ(one->runtime, "") << "of whichever runtime";
  EXPECT_EQ(discovery_->status().unnamed_containers, 1U);
}

// cgroup v1: the runtime's own cgroup differs from controller to controller.
TEST_F(InsideTest, OneContainerWithTwoPathsIsOne) {
  files(1, config("web"));
  const std::string in_memory = "/system.slice/docker.service/docker/" + id_of(1);
  cgroup(in_memory);
  host_.dir("sys/fs/cgroup/unified/docker/" + id_of(1));
  const WorkloadPtr web = look(in_memory);
  EXPECT_EQ(web->workload, "web");
  EXPECT_EQ(web->also_at, std::vector<std::string>{"/docker/" + id_of(1)});
  EXPECT_FALSE(look("/docker/" + id_of(1)));
  host_.remove("sys/fs/cgroup/unified/docker/" + id_of(1));
  discovery_->refresh();
  EXPECT_TRUE(look(in_memory)->also_at.empty());
  EXPECT_TRUE(discovery_->take_exits().empty()) << "the container goes on";
  host_.dir("sys/fs/cgroup/memory/docker/" + id_of(1));
  discovery_->refresh();
  EXPECT_TRUE(look("/docker/" + id_of(1))) << "two in one hierarchy are two";
}

}  // namespace
}  // namespace tallyman
