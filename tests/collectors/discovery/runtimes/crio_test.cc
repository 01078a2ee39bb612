// Paths and files as CRI-O 1.28 leaves them (pkg/annotations).
#include "collectors/discovery/runtimes/crio.h"
#include "tests/collectors/discovery/runtimes/oci_host.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

TEST(Crio, NamesItsContainersByTheirAnnotations) {
  HostBuilder host;
  const std::string bundle = "run/containers/storage/overlay-containers/" + kOciId + "/userdata";
  host.file(bundle + "/config.json",
            oci_config(R"("io.kubernetes.container.name":"app","io.kubernetes.pod.name":"web",)"
                       R"("io.kubernetes.pod.namespace":"shop","io.kubernetes.cri-o.ContainerType":"container",)"
                       R"("io.kubernetes.cri-o.Labels":"{\"app\":\"web\"}","io.kubernetes.cri-o.Volumes":"[]",)"
                       R"("io.kubernetes.cri-o.ImageName":"quay.io/app:2","io.kubernetes.cri-o.SandboxID":"s1")"));
  const auto runtime = make_crio_runtime(host.root());
  const auto match = runtime->match("/kubepods.slice/kubepods-pod1.slice/crio-" + kOciId + ".scope");
  ASSERT_TRUE(match);
  EXPECT_FALSE(runtime->match("/kubepods.slice/kubepods-pod1.slice/crio-conmon-" + kOciId + ".scope"));
  const ContainerMetadata metadata = described(*runtime, match->container_id);
  EXPECT_EQ(metadata.name, kOciId) << "the container's own name is not unique on a node";
  EXPECT_EQ(metadata.kubernetes, (KubernetesIdentity{"app", "web", "shop", ""}));
  EXPECT_EQ(metadata.image, "quay.io/app:2");
  EXPECT_EQ(metadata.network_mode, "container:s1");
  EXPECT_EQ(metadata.labels.at("app"), "web");
  EXPECT_FALSE(metadata.labels.contains("io.kubernetes.cri-o.Volumes")) << "CRI-O's own record, no label";
}

}  // namespace
}  // namespace tallyman
