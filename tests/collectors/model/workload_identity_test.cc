#include "collectors/model/workload_identity.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

Workload container(const std::string& id, const std::string& name, const std::string& runtime = "docker") {
  Workload made;
  made.kind = WorkloadKind::kContainer;
  made.id = id;
  made.runtime = runtime;
  made.workload = made.container.name = name;
  return made;
}

Workload in_pod(const std::string& id, const std::string& name) {
  Workload made = container(id, "0123", "containerd");
  made.workload = name;
  made.container.kubernetes = KubernetesIdentity{name, "oom-vm", "shop", "11aa"};
  return made;
}

TEST(WorkloadIdentity, OutlastsTheCgroupWithEveryRuntime) {
  EXPECT_EQ(identity_of(in_pod("/kubepods/a", "crash")), identity_of(in_pod("/kubepods/b", "crash")));
  EXPECT_NE(identity_of(in_pod("/kubepods/a", "crash")), identity_of(in_pod("/kubepods/a", "web")));
  EXPECT_NE(identity_of(in_pod("/kubepods/a", "")), identity_of(in_pod("/kubepods/a", "web"))) << "the sandbox";
  EXPECT_EQ(identity_of(container("/docker/1", "web")), identity_of(container("/docker/2", "web")));
  EXPECT_NE(identity_of(container("/docker/1", "web")), identity_of(container("/docker/2", "db")));
  EXPECT_NE(identity_of(container("/docker/1", "web")), identity_of(container("/x", "web", "podman")));
  EXPECT_EQ(identity_of(container("/docker/1", "")), "/docker/1") << "nobody names it";
}

TEST(WorkloadIdentity, OfAReplicaIsItsNumberInItsService) {
  Workload old = container("/docker/1", "shop-web-1"), next = container("/docker/2", "0a1b2c_shop-web-1");
  for (Workload* one : {&old, &next}) {
    one->container.labels = {{"com.docker.compose.project", "shop"},
                             {"com.docker.compose.service", "web"},
                             {"com.docker.compose.container-number", "1"}};
  }
  EXPECT_EQ(identity_of(old), identity_of(next));
  next.container.labels["com.docker.compose.container-number"] = "2";
  EXPECT_NE(identity_of(old), identity_of(next));
  next.container.labels["com.docker.compose.container-number"] = "1";
  next.container.labels["com.docker.compose.oneoff"] = "True";
  EXPECT_NE(identity_of(old), identity_of(next)) << "compose run";
}

TEST(WorkloadIdentity, OfAUsersContainerIsNobodyElses) {
  Workload ones = container("/user.slice/1", "web"), others = ones;
  ones.user = 1000;
  others.user = 1001;
  EXPECT_NE(identity_of(ones), identity_of(others));
  EXPECT_NE(identity_of(ones), identity_of(container("/docker/1", "web")));
}

TEST(WorkloadIdentity, OfMachinesIsTheirNameAndOfAllElseTheId) {
  Workload machine = container("/lxc.payload.vm", "", "lxc");
  machine.kind = WorkloadKind::kMachine;
  machine.container_id = "vm";
  Workload again = machine;
  again.id = "/lxc.payload.vm-1";
  EXPECT_EQ(identity_of(machine), identity_of(again));
  Workload service;
  service.kind = WorkloadKind::kService;
  service.id = "/system.slice/cron.service";
  EXPECT_EQ(identity_of(service), service.id);
  EXPECT_TRUE(has_lasting_identity(service));
  service.inside = "/lxc.payload.vm";
  EXPECT_FALSE(has_lasting_identity(service));
  Workload cgroup;
  cgroup.id = "/jobs/1";
  EXPECT_FALSE(has_lasting_identity(cgroup));
  EXPECT_EQ(identity_of(cgroup), "/jobs/1");
}

TEST(WorkloadIdentity, ASentenceNamesThePod) {
  EXPECT_EQ(subject_of(in_pod("/kubepods/a", "crash")), "crash in shop/oom-vm");
  EXPECT_EQ(subject_of(container("/docker/1", "web")), "web");
}

}  // namespace
}  // namespace tallyman
