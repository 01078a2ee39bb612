// Paths and files as containerd 1.7's CRI plugin, nerdctl 1.7 and ctr leave them
// (pkg/cri/annotations, nerdctl's pkg/labels, runtime/v2/shim).
#include "collectors/discovery/runtimes/containerd.h"
#include "tests/collectors/discovery/runtimes/bolt_fixture.h"
#include "tests/collectors/discovery/runtimes/oci_host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <thread>

namespace tallyman {
namespace {

using testing::Contains;
using testing::ElementsAre;
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
        "/system.slice/nerdctl-" + kOciId + ".scope", "/kubepods-pod1.slice/cri-containerd-" + kOciId,
        "/system.slice/containerd.service/kubepods-burstable-pod1.slice:cri-containerd:" + kOciId}) {
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
       {"/kubepods/burstable/pod1/" + kOciId, "/default/" + kOciId, std::string("/k8s.io/redis"),
        std::string("/nomad.slice/b30be889-ebb4.sleep3.scope"), "/kubepods/burstable/pod1/kata_" + kOciId}) {
    const auto match = runtime->match(path);
    ASSERT_TRUE(match) << path;
    EXPECT_FALSE(match->certain) << path;
    EXPECT_FALSE(match->a_container) << path;
  }
  const auto in_a_pod = runtime->match("/kubepods/pod0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0/" + kOciId);
  ASSERT_TRUE(in_a_pod);
  EXPECT_TRUE(in_a_pod->a_container) << "of whichever runtime";
}

TEST(ContainerdMatch, LeavesEverythingElseAlone) {
  HostBuilder host;
  const auto runtime = make_containerd_runtime(host.root(), "");
  for (const std::string& path : {std::string("/"), std::string("/docker"), std::string("/system.slice/cron.service"),
                                  "/docker/" + kOciId + "/inner", std::string("/a/b/redis"), "/kata_overhead/" + kOciId,
                                  std::string("/system.slice/a.scope"), std::string("/foo/a.service"),
                                  "/system.slice/cri-containerd-" + kOciId.substr(1) + ".scope"}) {
    EXPECT_FALSE(runtime->match(path)) << path;
  }
}

TEST(Containerd, HasImageAndLabelsOfPlainContainersFromItsDatabase) {
  HostBuilder host;
  bundle(host, "default", "redis", R"({"ociVersion":"1.0.2"})");
  bundle(host, "default", "bare", R"({"ociVersion":"1.0.2"})");
  host.file(
      "var/lib/containerd/io.containerd.metadata.v1.bolt/meta.db",
      bolt_file({bolt_leaf({bolt_bucket(
          "v1", {bolt_bucket("default",
                             {bolt_bucket("containers",
                                          {bolt_bucket("bare", {{"image", "docker.io/library/bare:1"}}),
                                           bolt_bucket("redis", {{"image", "docker.io/library/redis:7"},
                                                                 bolt_bucket("labels", {{"app", "shop"}})})})})})})}));
  const auto runtime = make_containerd_runtime(host.root(), "");
  const ContainerMetadata redis = described(*runtime, "redis");
  EXPECT_EQ(redis.image, "docker.io/library/redis:7");
  EXPECT_THAT(redis.labels, ElementsAre(Pair("app", "shop")));
  EXPECT_EQ(described(*runtime, "bare").image, "docker.io/library/bare:1");
}

TEST(Containerd, LooksForItsDatabaseWhereTheFlagSays) {
  HostBuilder host;
  bundle(host, "default", "redis", R"({"ociVersion":"1.0.2"})");
  host.file("srv/data/io.containerd.metadata.v1.bolt/meta.db",
            bolt_file({bolt_leaf({bolt_bucket(
                "v1", {bolt_bucket("default",
                                   {bolt_bucket("containers", {bolt_bucket("redis", {{"image", "redis:7"}})})})})})}));
  EXPECT_EQ(described(*make_containerd_runtime(host.root(), ""), "redis").image, "");
  EXPECT_EQ(described(*make_containerd_runtime(host.root(), "", {}, "/srv/data"), "redis").image, "redis:7");
  EXPECT_EQ(described(*make_containerd_runtime(host.root(), "/run/containerd", {}, "/srv/data"), "redis").image,
            "redis:7");
}

TEST(Containerd, NamesAKubernetesContainer) {
  HostBuilder host;
  bundle(host, "k8s.io", kOciId,
         oci_config(R"("io.kubernetes.cri.container-type":"container","io.kubernetes.cri.container-name":"app",)"
                    R"("io.kubernetes.cri.sandbox-name":"web-7d4b9","io.kubernetes.cri.sandbox-namespace":"shop",)"
                    R"("io.kubernetes.cri.sandbox-uid":"u-1","io.kubernetes.cri.sandbox-id":"abc",)"
                    R"("io.kubernetes.cri.image-name":"docker.io/library/nginx:1.27")"));
  const ContainerMetadata metadata = described(*make_containerd_runtime(host.root(), ""));
  EXPECT_EQ(metadata.name, kOciId);
  EXPECT_EQ(metadata.kubernetes, (KubernetesIdentity{"app", "web-7d4b9", "shop", "u-1"}));
  EXPECT_EQ(metadata.image, "docker.io/library/nginx:1.27");
  EXPECT_THAT(metadata.labels, Contains(Pair("io.kubernetes.container.name", "app")));
  EXPECT_THAT(metadata.labels, Contains(Pair("io.kubernetes.pod.name", "web-7d4b9")));
  EXPECT_THAT(metadata.labels, Contains(Pair("io.kubernetes.pod.namespace", "shop")));
  EXPECT_THAT(metadata.labels, Contains(Pair("io.kubernetes.pod.uid", "u-1")));
  EXPECT_EQ(metadata.network_mode, "container:abc") << "the network is the pod's";
  EXPECT_EQ(metadata.init_pid, 4242U);
  EXPECT_TRUE(metadata.started_nsec);
  EXPECT_THAT(metadata.environment, ElementsAre(Pair("APP_VERSION", "1.2=3")));
  ASSERT_EQ(metadata.mounts.size(), 1U);
  EXPECT_EQ(metadata.mounts[0].destination, "/data");
  EXPECT_TRUE(metadata.mounts[0].read_only);
}

TEST(Containerd, RecognisesThePodsSandbox) {
  HostBuilder host;
  bundle(host, "k8s.io", kOciId,
         oci_config(R"("io.kubernetes.cri.container-type":"sandbox","io.kubernetes.cri.sandbox-name":"web-7d4b9",)"
                    R"("io.kubernetes.cri.podsandbox.image-name":"registry.k8s.io/pause:3.10",)"
                    R"("io.kubernetes.cri.sandbox-id":")" +
                    kOciId + "\""));
  const ContainerMetadata metadata = described(*make_containerd_runtime(host.root(), ""));
  EXPECT_EQ(metadata.name, kOciId);
  EXPECT_EQ(metadata.image, "registry.k8s.io/pause:3.10");
  EXPECT_EQ(metadata.kubernetes, (KubernetesIdentity{"", "web-7d4b9", "", ""})) << "it is no container of the pod's";
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
  EXPECT_EQ(described(*make_containerd_runtime(host.root(), "")).kubernetes->container, "app");
}

// The fields of a process that its runtime is looked for in.
void add_process(HostBuilder& host, const std::string& pid, const std::string& comm, const std::string& command,
                 const std::string& cgroup, const std::string& status = "Uid:\t0\t0\t0\t0\nNSpid:\t7\n") {
  host.file("proc/" + pid + "/comm", comm + "\n").file("proc/" + pid + "/cmdline", command);
  host.file("proc/" + pid + "/cgroup", "0::" + cgroup + "\n").file("proc/" + pid + "/status", status);
}

TEST(Containerd, FindsTheStateThatADaemonOrAShimNames) {
  using namespace std::string_literals;
  const std::pair<std::string, std::string> commands[] = {
      {"containerd", "/opt/containerd\0--config=/x\0--state=/opt/state\0"s},
      {"containerd", "containerd\0--state\0/opt/state\0"s},
      {"containerd", "containerd\0-a\0/opt/state/containerd.sock\0"s},
      {"containerd-shim", "shim\0-namespace\0k8s.io\0-id\0x\0-address\0/opt/state/containerd.sock\0"s}};
  const std::string config = "opt/state/io.containerd.runtime.v2.task/default/redis/config.json";
  for (const auto& [comm, command] : commands) {
    HostBuilder host;
    host.file(config, oci_config(""));
    add_process(host, "70", comm, command, "/system.slice/containerd.service");
    EXPECT_NE(make_containerd_runtime(host.root(), "")->revision("redis"), 0U) << comm << command;
    HostBuilder inside;
    inside.file(config, oci_config(""));
    add_process(inside, "70", comm, command, "/lxc.payload.web/system.slice/x.service");
    add_process(inside, "71", comm, command, "/docker/" + kOciId);
    add_process(inside, "72", comm, command, "/x", "Uid:\t0\t0\t0\t0\nNSpid:\t72\t1\n");
    add_process(inside, "73", comm, command, "/x", "Uid:\t1000\t0\t0\t0\n");
    EXPECT_EQ(make_containerd_runtime(inside.root(), "")->revision("redis"), 0U) << "nobody's runtime here: " << comm;
  }
}

TEST(Containerd, NamesAUsersContainersByTheirOwnContainerd) {
  HostBuilder host;
  const std::string path = "/user.slice/user-1000.slice/user@1000.service/app.slice/x.service";
  host.file("etc/passwd", "ann:x:1000:1000::/home/ann:/bin/sh\n");
  host.file("run/user/1000/containerd-rootless/child_pid", "150\n").file("proc/150/cgroup", "0::" + path + "\n");
  bundle(host, "default", "roots", oci_config(""));
  host.file("proc/150/root/" + kTasks + "default/" + kOciId + "/config.json", oci_config(R"("nerdctl/name":"web")"));
  const auto runtime = make_containerd_runtime(host.root(), "");
  const auto web = runtime->describe({kOciId, 1000, true});
  ASSERT_TRUE(web);
  EXPECT_EQ(web->metadata.name, "web");
  EXPECT_EQ(web->metadata.claimed_by, 1000U);
  EXPECT_EQ(runtime->revision(kOciId), 0U);
  EXPECT_EQ(runtime->revision({"roots", 1000, true}), 0U);
  host.file("proc/150/cgroup", "0::/system.slice/victim.service\n");
  EXPECT_FALSE(runtime->describe({kOciId, 1000, true})) << "another's process says nothing for this user";
}

TEST(Containerd, ReadsNothingThatIsClosedToTheUser) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root: all files are the user's own otherwise";
  HostBuilder host;
  host.file("run/user/1000/containerd-rootless/child_pid", "150\n")
      .file("proc/150/cgroup", "0::/user.slice/user-1000.slice/session-1.scope\n");
  const std::string directory = "proc/150/root/" + kTasks + "k8s.io/" + kOciId;
  host.file(directory + "/config.json", oci_config(R"("nerdctl/name":"victim")"));
  const auto runtime = make_containerd_runtime(host.root(), "");
  EXPECT_TRUE(runtime->describe({kOciId, 1000, true}));
  ASSERT_EQ(chmod(host.path(directory).c_str(), 0700), 0);
  EXPECT_FALSE(runtime->describe({kOciId, 1000, true})) << "as root's own bundles are";
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
