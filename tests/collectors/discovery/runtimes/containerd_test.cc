// Paths and files as containerd 1.7's CRI plugin, nerdctl 1.7 and ctr leave them
// (pkg/cri/annotations, nerdctl's pkg/labels, runtime/v2/shim).
#include "collectors/discovery/runtimes/containerd.h"
#include "tests/collectors/discovery/runtimes/oci_host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace tallyman {
namespace {

using testing::Contains;
using testing::Pair;

const std::string kTasks = "run/containerd/io.containerd.runtime.v2.task/";

HostBuilder& bundle(HostBuilder& host, const std::string& space, const std::string& id, const std::string& config) {
  return host.file(kTasks + space + "/" + id + "/config.json", config)
      .file(kTasks + space + "/" + id + "/init.pid", "4242");
}

TEST(ContainerdMatch, IsCertainOfItsScopes) {
  HostBuilder host;
  const auto runtime = make_containerd_runtime(host.root(), "");
  for (const std::string& path :
       {"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cri-containerd-" + kOciId + ".scope",
        "/system.slice/nerdctl-" + kOciId + ".scope"}) {
    const auto match = runtime->match(path);
    ASSERT_TRUE(match) << path;
    EXPECT_EQ(match->container_id, kOciId);
    EXPECT_TRUE(match->certain);
  }
}

TEST(ContainerdMatch, AsksItsFilesAboutOtherPaths) {
  HostBuilder host;
  const auto runtime = make_containerd_runtime(host.root(), "");
  for (const std::string& path :
       {"/kubepods/burstable/pod1/" + kOciId, "/default/" + kOciId, std::string("/k8s.io/redis")}) {
    const auto match = runtime->match(path);
    ASSERT_TRUE(match) << path;
    EXPECT_FALSE(match->certain) << path;
  }
}

TEST(ContainerdMatch, LeavesEverythingElseAlone) {
  HostBuilder host;
  const auto runtime = make_containerd_runtime(host.root(), "");
  for (const std::string& path : {std::string("/"), std::string("/docker"), std::string("/system.slice/cron.service"),
                                  "/docker/" + kOciId + "/inner", std::string("/a/b/redis"),
                                  "/system.slice/cri-containerd-" + kOciId.substr(1) + ".scope"}) {
    EXPECT_FALSE(runtime->match(path)) << path;
  }
}

TEST(Containerd, NamesAKubernetesContainer) {
  HostBuilder host;
  bundle(host, "k8s.io", kOciId,
         oci_config(R"("io.kubernetes.cri.container-type":"container","io.kubernetes.cri.container-name":"app",)"
                    R"("io.kubernetes.cri.sandbox-name":"web-7d4b9","io.kubernetes.cri.sandbox-namespace":"shop",)"
                    R"("io.kubernetes.cri.sandbox-uid":"u-1","io.kubernetes.cri.sandbox-id":"abc",)"
                    R"("io.kubernetes.cri.image-name":"docker.io/library/nginx:1.27")"));
  const ContainerMetadata metadata = described(*make_containerd_runtime(host.root(), ""));
  EXPECT_EQ(metadata.name, "app");
  EXPECT_EQ(metadata.image, "docker.io/library/nginx:1.27");
  EXPECT_THAT(metadata.labels, Contains(Pair("io.kubernetes.container.name", "app")));
  EXPECT_THAT(metadata.labels, Contains(Pair("io.kubernetes.pod.name", "web-7d4b9")));
  EXPECT_THAT(metadata.labels, Contains(Pair("io.kubernetes.pod.namespace", "shop")));
  EXPECT_THAT(metadata.labels, Contains(Pair("io.kubernetes.pod.uid", "u-1")));
  EXPECT_EQ(metadata.network_mode, "container:abc") << "the network is the pod's";
  EXPECT_EQ(metadata.init_pid, 4242U);
  EXPECT_TRUE(metadata.started_nsec);
  ASSERT_EQ(metadata.mounts.size(), 1U);
  EXPECT_EQ(metadata.mounts[0].destination, "/data");
  EXPECT_TRUE(metadata.mounts[0].read_only);
}

TEST(Containerd, RecognisesThePodsSandbox) {
  HostBuilder host;
  bundle(host, "k8s.io", kOciId,
         oci_config(R"("io.kubernetes.cri.container-type":"sandbox","io.kubernetes.cri.sandbox-name":"web-7d4b9",)"
                    R"("io.kubernetes.cri.sandbox-id":")" +
                    kOciId + "\""));
  const ContainerMetadata metadata = described(*make_containerd_runtime(host.root(), ""));
  EXPECT_EQ(metadata.name, "POD");
  EXPECT_EQ(metadata.network_mode, "bridge") << "it holds the pod's network";
  EXPECT_THAT(metadata.labels, Contains(Pair("io.kubernetes.container.name", "POD")));
}

TEST(Containerd, NamesNerdctlsContainersAndCtrs) {
  HostBuilder host;
  bundle(host, "default", kOciId, oci_config(R"("nerdctl/name":"web","nerdctl/namespace":"default")"));
  bundle(host, "default", "redis", oci_config("", false));
  const auto runtime = make_containerd_runtime(host.root(), "");
  EXPECT_EQ(described(*runtime).name, "web");
  EXPECT_EQ(described(*runtime, "redis").name, "redis");
  EXPECT_EQ(described(*runtime, "redis").network_mode, "host");
}

TEST(Containerd, LeavesDockersContainersToDocker) {
  HostBuilder host;
  bundle(host, "moby", kOciId, oci_config(""));
  const auto runtime = make_containerd_runtime(host.root(), "");
  EXPECT_EQ(runtime->revision(kOciId), 0U);
  EXPECT_EQ(runtime->describe(kOciId).error().kind, ErrorKind::kUnsupported);
}

TEST(Containerd, FindsTheStateOfK3s) {
  HostBuilder host;
  host.file("run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/" + kOciId + "/config.json",
            oci_config(R"("io.kubernetes.cri.container-name":"app")"));
  EXPECT_EQ(described(*make_containerd_runtime(host.root(), "")).name, "app");
}

TEST(Containerd, UsesTheConfiguredDirectory) {
  HostBuilder host;
  host.file("srv/state/io.containerd.runtime.v2.task/default/redis/config.json", oci_config(""));
  EXPECT_EQ(make_containerd_runtime(host.root(), "")->revision("redis"), 0U);
  EXPECT_EQ(described(*make_containerd_runtime(host.root(), "/srv/state"), "redis").name, "redis");
}

TEST(Containerd, SeesANamespaceAtOnceAndAlsoLater) {
  HostBuilder host;
  const auto runtime = make_containerd_runtime(host.root(), "");
  EXPECT_EQ(runtime->revision("a"), 0U);
  bundle(host, "one", "a", oci_config(""));
  EXPECT_NE(runtime->revision("a"), 0U);
  bundle(host, "two", "b", oci_config(""));
  EXPECT_NE(runtime->revision("b"), 0U);
  std::this_thread::sleep_for(std::chrono::milliseconds(150));  // the listing is taken for whole now
  EXPECT_NE(runtime->revision("a"), 0U);
  bundle(host, "three", "c", oci_config(""));
  EXPECT_NE(runtime->revision("c"), 0U);
  host.remove(kTasks + "one");
  EXPECT_EQ(runtime->revision("a"), 0U);
}

TEST(Containerd, SeesItsFilesChange) {
  HostBuilder host;
  bundle(host, "default", "redis", oci_config(""));
  const auto runtime = make_containerd_runtime(host.root(), "");
  const std::uint64_t before = runtime->revision("redis");
  EXPECT_NE(before, 0U);
  host.file(kTasks + "default/redis/init.pid", "51515");
  EXPECT_NE(runtime->revision("redis"), before);
}

TEST(Containerd, NamesTheFileThatIsMalformed) {
  HostBuilder host;
  bundle(host, "default", "redis", "{\"annotations\":");
  const auto description = make_containerd_runtime(host.root(), "")->describe("redis");
  ASSERT_FALSE(description);
  EXPECT_EQ(description.error().kind, ErrorKind::kMalformed);
  EXPECT_EQ(description.error().where, "/" + kTasks + "default/redis/config.json");
}

TEST(Containerd, TakesFactsOfOtherTypesForNone) {
  HostBuilder host;
  bundle(host, "default", "redis",
         R"({"annotations":{"nerdctl/name":7,"other":null},"mounts":{"a":1},"linux":{"namespaces":"all"}})");
  host.file(kTasks + "default/redis/init.pid", "-1");
  const ContainerMetadata metadata = described(*make_containerd_runtime(host.root(), ""), "redis");
  EXPECT_EQ(metadata.name, "redis");
  EXPECT_EQ(metadata.network_mode, "");
  EXPECT_FALSE(metadata.init_pid);
  EXPECT_TRUE(metadata.mounts.empty());
}

}  // namespace
}  // namespace tallyman
