// Paths as the kubelet's container manager makes them (pkg/kubelet/cm,
// pod_container_manager_linux.go and qos_container_manager_linux.go, 1.31).
#include "collectors/discovery/runtimes/kubernetes.h"
#include "collectors/discovery/runtimes/containerd.h"
#include "collectors/discovery/runtimes/systemd.h"

#include "collectors/discovery/discovery.h"
#include "tests/collectors/discovery/runtimes/bolt_fixture.h"
#include "tests/collectors/discovery/runtimes/oci_host.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

const std::string kUid = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
const std::string kSystemdUid = "0f1e2d3c_4b5a_6978_8796_a5b4c3d2e1f0";
const std::string kStaticUid = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";

TEST(KubernetesPod, HasItsClassFromThePathOfBothDrivers) {
  const std::pair<std::string, std::string> cases[] = {
      {"/kubepods/pod" + kUid, "guaranteed"},
      {"/kubepods/burstable/pod" + kUid, "burstable"},
      {"/kubepods/besteffort/pod" + kUid, "besteffort"},
      {"/kubelet/kubepods/burstable/pod" + kUid, "burstable"},
      {"/kubepods.slice/kubepods-pod" + kSystemdUid + ".slice", "guaranteed"},
      {"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + kSystemdUid + ".slice", "burstable"},
      {"/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod" +
           kSystemdUid + ".slice",
       "besteffort"}};
  for (const auto& [path, qos] : cases) {
    const auto pod = pod_by_path(path);
    ASSERT_TRUE(pod) << path;
    EXPECT_EQ(pod->uid, kUid) << path;
    EXPECT_EQ(pod->qos, qos) << path;
    EXPECT_FALSE(pod->is_static) << path;
  }
}

TEST(KubernetesPod, OfAFileOfTheNodesIsStatic) {
  const auto pod = pod_by_path("/kubepods/burstable/pod" + kStaticUid);
  ASSERT_TRUE(pod);
  EXPECT_TRUE(pod->is_static);
  EXPECT_EQ(pod->uid, kStaticUid);
}

TEST(KubernetesPod, LeavesEverythingElseAlone) {
  for (const std::string& path :
       {std::string("/"), std::string("/kubepods"), std::string("/kubepods/burstable"), "/other/pod" + kUid,
        std::string("/kubepods/podium"), std::string("/kubepods.slice/kubepods-podnothing.slice"),
        std::string("/kubepods.slice/kubepods-burstable.slice"), "/kubepods/burstable/pod" + kUid + "/" + kOciId,
        "/system.slice/x-pod" + kSystemdUid + ".slice", std::string(".slice"), std::string("pod")}) {
    EXPECT_FALSE(pod_by_path(path)) << path;
  }
}

// A node of containerd's: the pod's cgroup, its sandbox and a container.
class KubernetesNode : public testing::Test {
 protected:
  KubernetesNode() {
    host_.dir(cgroup() + kSandbox).dir(cgroup() + kApp);
    describe(kSandbox, R"("io.kubernetes.cri.container-type":"sandbox")");
    describe(kApp, R"("io.kubernetes.cri.container-type":"container","io.kubernetes.cri.container-name":"app")");
  }
  void describe(const std::string& id, const std::string& annotations) {
    host_.file("run/containerd/io.containerd.runtime.v2.task/k8s.io/" + id + "/config.json",
               oci_config(annotations +
                          R"(,"io.kubernetes.cri.sandbox-name":"web-7d4b9",)"
                          R"("io.kubernetes.cri.sandbox-namespace":"shop",)"
                          R"("io.kubernetes.cri.sandbox-uid":")" +
                          kUid + "\""));
  }
  static std::string pod() { return "/kubepods/burstable/pod" + kUid; }
  static std::string cgroup() { return "sys/fs/cgroup" + pod() + "/"; }
  DiscoveryOptions options() {
    DiscoveryOptions options;
    options.tree.hierarchies = {host_.path("sys/fs/cgroup")};
    return options;
  }
  std::vector<std::unique_ptr<Runtime>> runtimes() {
    std::vector<std::unique_ptr<Runtime>> all;
    all.push_back(make_containerd_runtime(host_.root(), ""));
    all.push_back(make_systemd_runtime(host_.root()));
    return all;
  }
  static WorkloadPtr find(const Discovery& discovery, const std::string& id) {
    for (const auto& workload : *discovery.current())
      if (workload->id == id) return workload;
    return nullptr;
  }

  const std::string kSandbox = std::string(63, 'a') + '1';
  const std::string kApp = std::string(63, 'b') + '2';
  HostBuilder host_;
};

TEST_F(KubernetesNode, NamesAPodByItsSandbox) {
  host_.remove(cgroup() + kApp);
  Discovery discovery(options(), runtimes());
  discovery.refresh();
  const WorkloadPtr workload = find(discovery, pod());
  ASSERT_TRUE(workload);
  EXPECT_EQ(workload->kind, WorkloadKind::kPod);
  EXPECT_EQ(workload->workload, "web-7d4b9");
  EXPECT_EQ(workload->pod, (PodIdentity{"web-7d4b9", "shop", kUid, "burstable", false}));
}

TEST(PodOwner, IsToldByTheLabelsOfItsControllerAndThePodsName) {
  const std::map<std::string, std::string> deployment = {{"app", "web"}, {"pod-template-hash", "7d4b9c6f5"}};
  EXPECT_EQ(owner_of_pod("shop-web-7d4b9c6f5-x2x8q", deployment), (PodOwner{"Deployment", "shop-web"}));
  const std::map<std::string, std::string> daemon_set = {{"controller-revision-hash", "5b8c"},
                                                         {"pod-template-generation", "3"}};
  EXPECT_EQ(owner_of_pod("node-exporter-x2x8q", daemon_set), (PodOwner{"DaemonSet", "node-exporter"}));
  const std::map<std::string, std::string> stateful_set = {{"controller-revision-hash", "db-5b8c"},
                                                           {"statefulset.kubernetes.io/pod-name", "db-12"}};
  EXPECT_EQ(owner_of_pod("db-12", stateful_set), (PodOwner{"StatefulSet", "db"}));
  EXPECT_EQ(owner_of_pod("backup-28-x2x8q", {{"batch.kubernetes.io/job-name", "backup-28"}}),
            (PodOwner{"Job", "backup-28"}));
  EXPECT_EQ(owner_of_pod("backup-28-x2x8q", {{"job-name", "backup-28"}}), (PodOwner{"Job", "backup-28"}))
      << "before Kubernetes 1.27";
}

TEST(PodOwner, IsUnknownWhereLabelsAndNameDoNotTell) {
  EXPECT_EQ(owner_of_pod("by-hand", {{"app", "web"}}), PodOwner());
  EXPECT_EQ(owner_of_pod("web-0a1b2c3d4-x2x8q", {{"pod-template-hash", "7d4b9c6f5"}}), PodOwner()) << "of another";
  EXPECT_EQ(owner_of_pod("7d4b9c6f5-x2x8q", {{"pod-template-hash", "7d4b9c6f5"}}), PodOwner());
  EXPECT_EQ(owner_of_pod("", {{"pod-template-hash", "7d4b9c6f5"}}), PodOwner());
  const std::string cut = std::string(50, 'n') + "-7d4b9c6x2x8q";  // of a name that left no room for the whole hash
  EXPECT_EQ(owner_of_pod(cut, {{"pod-template-hash", "7d4b9c6f5"}}), PodOwner());
  EXPECT_EQ(owner_of_pod("db-x", {{"statefulset.kubernetes.io/pod-name", "db-x"}}), PodOwner());
}

TEST_F(KubernetesNode, TellsAPodsOwnerByItsSandboxsLabelsInContainerdsDatabase) {
  const auto labelled = [](const std::string& id, const std::vector<BoltEntry>& labels) {
    return bolt_bucket(id, {{"image", "pause"}, bolt_bucket("labels", labels)});
  };
  host_.file(
      "var/lib/containerd/io.containerd.metadata.v1.bolt/meta.db",
      bolt_file({bolt_leaf({bolt_bucket(
          "v1", {bolt_bucket("k8s.io",
                             {bolt_bucket("containers", {labelled(kSandbox, {{"app", "web"}, {"job-name", "nightly"}}),
                                                         labelled(kApp, {{"job-name", "an image's own label"},
                                                                         {"maintainer", "x"}})})})})})}));
  Discovery discovery(options(), runtimes());
  discovery.refresh();
  EXPECT_EQ(find(discovery, pod())->pod.owner, (PodOwner{"Job", "nightly"}));
  EXPECT_EQ(find(discovery, pod() + "/" + kSandbox)->container.labels.at("app"), "web");
  EXPECT_EQ(find(discovery, pod() + "/" + kApp)->container.labels.at("maintainer"), "x");
  host_.remove(cgroup() + kSandbox);
  discovery.refresh();
  EXPECT_EQ(find(discovery, pod())->pod.owner, (PodOwner{"Job", "nightly"})) << "kept when the sandbox is gone";
}

TEST_F(KubernetesNode, LooksForTheDatabaseOfRke2WhereItsStateIsThatOfK3s) {
  host_.remove("run/containerd");
  host_.file("run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/" + kSandbox + "/config.json",
             oci_config(R"("io.kubernetes.cri.container-type":"sandbox","io.kubernetes.cri.sandbox-name":"web-7d4b9",)"
                        R"("io.kubernetes.cri.sandbox-namespace":"shop","io.kubernetes.cri.sandbox-uid":"u")"));
  const BoltEntry sandbox = bolt_bucket(kSandbox, {bolt_bucket("labels", {{"job-name", "nightly"}})});
  host_.file("var/lib/rancher/k3s/agent/containerd/io.containerd.metadata.v1.bolt/meta.db",
             bolt_file({bolt_leaf({bolt_bucket("v1", {{"left", "by a k3s before"}})})}));
  host_.file(
      "var/lib/rancher/rke2/agent/containerd/io.containerd.metadata.v1.bolt/meta.db",
      bolt_file({bolt_leaf({bolt_bucket("v1", {bolt_bucket("k8s.io", {bolt_bucket("containers", {sandbox})})})})}));
  Discovery discovery(options(), runtimes());
  discovery.refresh();
  EXPECT_EQ(find(discovery, pod())->pod.owner, (PodOwner{"Job", "nightly"}));
}

TEST_F(KubernetesNode, NamesAPodByItsContainersAndKeepsTheNameWhenTheyAreGone) {
  host_.remove(cgroup() + kSandbox);
  Discovery discovery(options(), runtimes());
  discovery.refresh();
  EXPECT_EQ(find(discovery, pod())->workload, "web-7d4b9");
  const WorkloadPtr before = find(discovery, pod());
  discovery.refresh();
  EXPECT_EQ(find(discovery, pod()), before) << "the same object, since no fact changed";
  host_.remove(cgroup() + kApp);
  discovery.refresh();
  EXPECT_EQ(find(discovery, pod()), before);
}

TEST_F(KubernetesNode, ShowsAPodByItsUidWhileItsFilesAreNotToBeHad) {
  host_.remove("run/containerd");
  Discovery discovery(options(), runtimes());
  discovery.refresh();
  EXPECT_EQ(find(discovery, pod())->workload, kUid);
  EXPECT_EQ(find(discovery, pod())->kind, WorkloadKind::kPod);
  describe(kSandbox, R"("io.kubernetes.cri.container-type":"sandbox")");
  discovery.refresh();
  EXPECT_EQ(find(discovery, pod())->workload, "web-7d4b9");
}

TEST_F(KubernetesNode, LeavesAPodOfSystemdsDriverAPod) {
  host_.dir("sys/fs/cgroup/kubepods.slice/kubepods-pod" + kSystemdUid + ".slice");
  Discovery discovery(options(), runtimes());
  discovery.refresh();
  EXPECT_EQ(find(discovery, "/kubepods.slice/kubepods-pod" + kSystemdUid + ".slice")->kind, WorkloadKind::kPod)
      << "a slice too, and yet a pod first";
  EXPECT_EQ(find(discovery, "/kubepods.slice")->kind, WorkloadKind::kSlice);
}

}  // namespace
}  // namespace tallyman
