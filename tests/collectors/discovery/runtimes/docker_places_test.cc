#include "collectors/discovery/runtimes/docker_places.h"
#include "collectors/discovery/runtimes/all_runtimes.h"
#include "collectors/discovery/runtimes/docker.h"
#include "tests/support/host_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace tallyman {
namespace {

using namespace std::string_literals;

const std::string kIdInRoot(64, 'a');

class DockerRoot : public testing::Test {
 protected:
  void container_in(const std::string& data_root) {
    host_.file(data_root + "/containers/" + kIdInRoot + "/config.v2.json", R"({"Name":"/web"})");
  }
  void daemon(const std::string& command, const std::string& cgroup = "/system.slice/docker.service",
              const std::string& status = "Uid:\t0\t0\t0\t0\n") {
    host_.file("proc/79/comm", "dockerd\n").file("proc/79/cmdline", command).file("proc/79/status", status);
    host_.file("proc/79/cgroup", "0::" + cgroup + "\n");
  }
  std::string name() {
    const auto found = make_docker_runtime(host_.root(), "")->describe(kIdInRoot);
    return found ? found->metadata.name : std::string("-");
  }

  HostBuilder host_;
};

TEST_F(DockerRoot, IsWhatDockerdWasToldOnItsCommandLine) {
  container_in("srv/docker");
  EXPECT_EQ(name(), "-");
  for (const std::string& command :
       {"dockerd\0--data-root=/srv/docker\0"s, "dockerd\0-H\0fd://\0--data-root\0/srv/docker\0"s,
        "dockerd\0-g\0/srv/docker\0"s, "dockerd\0--graph=/srv/docker/\0"s,
        "dockerd\0--data-root=/wrong\0--data-root=/srv/docker\0"s}) {
    daemon(command);
    EXPECT_EQ(name(), "web") << command;
  }
  daemon("dockerd\0--data-root=srv/docker\0"s);
  EXPECT_EQ(name(), "-") << "relative to a directory that is not known";
}

TEST_F(DockerRoot, IsInTheFileThatDockerdWasTold) {
  container_in("data/d");
  host_.file("opt/docker.json", R"({"data-root":"/data/d"})");
  daemon("dockerd\0--config-file\0/opt/docker.json\0"s);
  EXPECT_EQ(name(), "web");
}

TEST_F(DockerRoot, IsNotWhatADockerdInAContainerOrOfAUserSays) {
  container_in("srv/docker");
  const std::string command = "dockerd\0--data-root=/srv/docker\0"s;
  daemon(command, "/lxc/102/ns/system.slice/docker.service");
  EXPECT_EQ(name(), "-");
  daemon(command, "/docker/" + std::string(64, 'b'));
  EXPECT_EQ(name(), "-");
  daemon(command, "/system.slice/x.service", "Uid:\t0\t0\t0\t0\nNSpid:\t79\t1\n");
  EXPECT_EQ(name(), "-") << "in a pid namespace";
  daemon(command, "/system.slice/x.service", "Uid:\t1000\t1000\t1000\t1000\n");
  EXPECT_EQ(name(), "-");
}

TEST_F(DockerRoot, IsWhereTheSnapAndOtherPackagesPutIt) {
  for (const char* place : {"var/snap/docker/common/var-lib-docker", "volume1/@docker", "var/lib/balena-engine"}) {
    container_in(place);
    EXPECT_EQ(name(), "web") << place;
    host_.remove(place);
  }
  container_in("mnt/snap");
  host_.file("var/snap/docker/current/config/daemon.json", R"({"data-root":"/mnt/snap"})");
  EXPECT_EQ(name(), "web");
}

TEST_F(DockerRoot, IsWhereTheMountsOfItsContainersComeFrom) {
  container_in("srv/my docker");
  host_.file("proc/1/mountinfo",
             "24 1 254:1 / / rw - ext4 /dev/vda1 rw\n"
             "90 24 0:60 / /srv/my\\040docker/overlay2/f00/merged rw - overlay overlay rw,lowerdir=/l,"
             "upperdir=/srv/my\\040docker/overlay2/f00/diff,workdir=/srv/my\\040docker/overlay2/f00/work\n");
  EXPECT_EQ(name(), "web");
}

TEST(DockerRootsInMounts, AreThoseOfBothStores) {
  const std::string rows =
      "90 24 0:60 / /d/overlay2/f/merged rw - overlay overlay rw,upperdir=/d/overlay2/f/diff\n"
      "91 24 0:61 / /var/lib/docker/rootfs/overlayfs/" +
      kIdInRoot +
      " rw shared:1 - overlay overlay rw,upperdir=/c/io.containerd.snapshotter.v1.overlayfs/snapshots/7/fs\n"
      "92 24 0:62 / /p/overlay/x/merged rw - overlay overlay rw,upperdir=/p/overlay/x/diff\n"
      "93 24 0:63 / /e/overlay2/x rw - ext4 /dev/vdb rw\n90 24 0:60 / /d/overlay2/g/merged rw - overlay overlay "
      "rw,upperdir=/d/overlay2/g/diff\n- overlay \n";
  EXPECT_THAT(docker_roots_in_mounts(rows), testing::ElementsAre("/d", "/var/lib/docker"));
  EXPECT_THAT(docker_roots_in_mounts(""), testing::IsEmpty());
}

TEST(DockerRootSetting, ThatIsWrongIsAnErrorThatNamesIt) {
  HostBuilder host;
  host.dir("srv/docker/containers").dir("srv/empty").file("srv/file", "");
  EXPECT_TRUE(check_runtime_options({host.root(), "", ""}));
  EXPECT_TRUE(check_runtime_options({host.root(), "/srv/docker", ""}));
  for (const char* wrong : {"/nonexistent", "/srv/empty", "/srv/file"}) {
    const auto checked = check_runtime_options({host.root(), wrong, ""});
    ASSERT_FALSE(checked) << wrong;
    EXPECT_NE(checked.error().where.find("docker.root: "s + wrong), std::string::npos) << checked.error().where;
  }
}

}  // namespace
}  // namespace tallyman
