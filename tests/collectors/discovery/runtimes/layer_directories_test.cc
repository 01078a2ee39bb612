#include "collectors/discovery/runtimes/layer_directories.h"

#include "collectors/discovery/runtimes/containers_storage.h"
#include "collectors/discovery/runtimes/docker.h"
#include "collectors/discovery/runtimes/oci_spec.h"
#include "collectors/discovery/runtimes/podman.h"
#include "tests/support/host_builder.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

const std::string kId(64, 'c');
const std::string kLayer(64, '1');

// As dockerd 20.10 lays it out; aufs as 18.09 did, which was the last to have it by default.
TEST(DockerLayers, LieWhereEachDriverKeepsThem) {
  for (const auto& [driver, directory] :
       {std::pair<std::string, std::string>{"overlay2", "/var/lib/docker/overlay2/" + kLayer + "/diff"},
        {"fuse-overlayfs", "/var/lib/docker/fuse-overlayfs/" + kLayer + "/diff"},
        {"overlay", "/var/lib/docker/overlay/" + kLayer + "/upper"},
        {"aufs", "/var/lib/docker/aufs/diff/" + kLayer},
        {"btrfs", "/var/lib/docker/btrfs/subvolumes/" + kLayer},
        {"vfs", "/var/lib/docker/vfs/dir/" + kLayer},
        {"zfs", ""},
        {"devicemapper", ""}}) {
    HostBuilder host;
    host.file("var/lib/docker/containers/" + kId + "/config.v2.json", "{\"Driver\":\"" + driver + "\"}")
        .file("var/lib/docker/image/" + driver + "/layerdb/mounts/" + kId + "/mount-id", kLayer);
    const auto described = make_docker_runtime(host.root(), "")->describe(kId);
    ASSERT_TRUE(described) << driver;
    EXPECT_EQ(described->metadata.layer_directory, directory) << driver;
    EXPECT_FALSE(described->incomplete);
  }
}

TEST(DockerLayers, AreNotKnownWithoutTheFileThatNamesThem) {
  HostBuilder host;
  host.file("var/lib/docker/containers/" + kId + "/config.v2.json", "{\"Driver\":\"overlay2\"}");
  const auto described = make_docker_runtime(host.root(), "")->describe(kId);
  ASSERT_TRUE(described);
  EXPECT_EQ(described->metadata.layer_directory, "");
  EXPECT_FALSE(described->incomplete) << "Docker's containerd image store has none";
}

TEST(DockerLayers, AreNamesAndNoPaths) {
  for (const char* name : {"", "..", "../../../etc", "a/b", "a\n", ".hidden"}) {
    EXPECT_EQ(docker_layer_directory("/d", "overlay2", name), "") << name;
  }
  EXPECT_EQ(docker_layer_directory("/d", "overlay2", std::string(129, 'a')), "");
  EXPECT_EQ(docker_layer_directory("/d", "overlay2", "ab-init"), "/d/overlay2/ab-init/diff");
  EXPECT_EQ(docker_mount_id_file("/d", "../x", kId), "");
}

// As in containers/storage 1.43 (Podman 4.3), where fuse-overlayfs has the name "overlay".
TEST(ContainersStorageLayers, LieWhereEachDriverKeepsThem) {
  for (const auto& [driver, below] : {std::pair<std::string, std::string>{"overlay", "/overlay/" + kLayer + "/diff"},
                                      {"vfs", "/vfs/dir/" + kLayer},
                                      {"btrfs", "/btrfs/subvolumes/" + kLayer},
                                      {"zfs", ""}}) {
    HostBuilder host;
    const std::string graph = "var/lib/containers/storage";
    host.file(graph + "/" + driver + "-containers/" + kId + "/userdata/config.json", "{}")
        .file(graph + "/" + driver + "-containers/containers.json",
              R"([{"id":"other","layer":"x"},{"id":")" + kId + R"(","names":["web"],"layer":")" + kLayer + "\"}]");
    const auto described = make_podman_runtime(host.root())->describe(kId);
    ASSERT_TRUE(described) << driver;
    EXPECT_EQ(described->metadata.layer_directory, below.empty() ? "" : "/" + graph + below) << driver;
  }
  EXPECT_EQ(containers_storage_layer_directory("/g", "overlay", kLayer, "/elsewhere/overlay/" + kLayer + "/merged"),
            "/g/overlay/" + kLayer + "/diff");
  EXPECT_EQ(layer_in_containers_json("not json", kId), "");
  EXPECT_EQ(layer_in_containers_json("[7,{\"id\":\"a\",\"layer\":[]}]", "a"), "");
}

// As podman run --rootfs makes it: the storage has a layer for it, which stays empty.
TEST(ContainersStorageLayers, AreNotThoseOfAContainerInItsOwnDirectory) {
  HostBuilder host;
  const std::string containers = "var/lib/containers/storage/overlay-containers";
  host.file(containers + "/" + kId + "/userdata/config.json", R"({"root":{"path":"/srv/web/rootfs"}})")
      .file(containers + "/containers.json", R"([{"id":")" + kId + R"(","layer":")" + kLayer + "\"}]");
  const auto described = make_podman_runtime(host.root())->describe(kId);
  ASSERT_TRUE(described);
  EXPECT_EQ(described->metadata.layer_directory, "/srv/web/rootfs");
}

TEST(ContainersStorageLayers, AreTakenWhereTheRootIsNotNamedSensibly) {
  for (const char* root : {"", "rootfs", "../rootfs"}) {
    EXPECT_EQ(containers_storage_layer_directory("/g", "vfs", "l", root), "/g/vfs/dir/l") << root;
  }
  for (const char* spec : {"{}", "not json", R"({"root":7})", R"({"root":{"path":[]}})", ""}) {
    EXPECT_EQ(root_path_of_oci_spec(spec), "") << spec;
  }
}

TEST(LxcLayers, AreTheRootFileSystemOrWhatIsWrittenAboveIt) {
  EXPECT_EQ(lxc_layer_directory("dir:/var/lib/lxc/web/rootfs"), "/var/lib/lxc/web/rootfs");
  EXPECT_EQ(lxc_layer_directory("/var/lib/lxc/web/rootfs"), "/var/lib/lxc/web/rootfs");
  EXPECT_EQ(lxc_layer_directory("overlayfs:/var/lib/lxc/base/rootfs:/var/lib/lxc/web/delta0"),
            "/var/lib/lxc/web/delta0");
  EXPECT_EQ(lxc_layer_directory("overlay:/lower:/upper"), "/upper");
  EXPECT_EQ(lxc_layer_directory("lvm:/dev/vg/web"), "");
  EXPECT_EQ(lxc_layer_directory("zfs:tank/web"), "");
  EXPECT_EQ(lxc_layer_directory("dir:relative"), "");
  EXPECT_EQ(lxc_layer_directory("overlay:"), "");
  EXPECT_EQ(lxc_layer_directory(""), "");
}

}  // namespace
}  // namespace tallyman
