#include "collectors/sampling/sources/workload_filesystem_stats.h"

#include "tests/support/fake_stats_source.h"
#include "tests/support/host_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

namespace tallyman {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

FilesystemDemand::Volume volume(const char* name, const char* directory) { return {name, directory}; }

TEST(VolumesOf, AreThoseThatTheHostKeepsForTheContainer) {
  ContainerMetadata container;
  container.mounts = {
      {"volume", "/var/lib/docker/volumes/data/_data", "/data", "data", "local", false},
      {"bind", "/var/lib/containers/storage/volumes/pg/_data", "/pg", "", "", false},
      {"bind", "/home/u/.local/share/containers/storage/volumes/pg/_data", "/pg2", "", "", false},
      {"bind", "/var/lib/kubelet/pods/12-ab/volumes/kubernetes.io~empty-dir/cache", "/cache", "", "", false},
      {"bind", "/home/me", "/me", "", "", false},
      {"bind", "/srv/_data", "/srv", "", "", false},
      {"bind", "/srv/volumes/_data", "/x", "", "", false},
      {"bind", "/var/lib/kubelet/pods/12-ab/volumes/kubernetes.io~nfs/far", "/far", "", "", false},
      {"tmpfs", "", "/tmp", "", "", false},
      {"volume", "", "/odd", "odd", "plugin", false},
      {"volume", "/var/lib/docker/volumes/data/_data", "/twice", "data", "local", false},
  };
  EXPECT_THAT(volumes_of(container),
              ElementsAre(volume("data", "/var/lib/docker/volumes/data/_data"),
                          volume("pg", "/var/lib/containers/storage/volumes/pg/_data"),
                          volume("pg", "/home/u/.local/share/containers/storage/volumes/pg/_data"),
                          volume("cache", "/var/lib/kubelet/pods/12-ab/volumes/kubernetes.io~empty-dir/cache")));
}

TEST(VolumesOf, AreBounded) {
  ContainerMetadata container;
  for (int i = 0; i < 1'000; ++i) {
    const std::string name = "v" + std::to_string(i);
    container.mounts.push_back({"volume", "/volumes/" + name + "/_data", "/" + name, name, "local", false});
  }
  EXPECT_EQ(volumes_of(container).size(), 64U);
}

TEST(FilesystemPorts, AskARecordedHostForNoDisk) {
  HostBuilder host;
  host.file("proc/1/mountinfo", "26 1 254:1 / / rw - ext4 /dev/vda1 rw\n");
  formats::Mount mount;
  mount.major = 254;
  EXPECT_FALSE(filesystem_ports_of(host.root()).ask_disk(mount));
}

TEST(FilesystemPorts, AskThisHostsDisksAndOpenItsDirectories) {
  const FilesystemPorts ports = filesystem_ports_of(HostRoot());
  const auto table = read_mount_table(HostRoot(), "self");
  ASSERT_TRUE(table);
  for (const formats::Mount* mount : disk_filesystems(*table)) {
    const auto disk = ports.ask_disk(*mount);
    ASSERT_TRUE(disk) << mount->mount_point;
    EXPECT_GT(disk->size_bytes, 0U);
    EXPECT_LE(disk->used_bytes, disk->size_bytes);
  }
  EXPECT_TRUE(ports.open_directory("/usr", {}));
  EXPECT_EQ(ports.open_directory("/not/here", {}).error().kind, ErrorKind::kUnsupported);
}

// A user's file may name any directory, and a link may lead anywhere: root's are not measured for that user.
TEST(FilesystemPorts, OpenForAUserWhatIsThatUsersAlone) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "needs root, to give files to others";
  }
  constexpr std::uint32_t kUser = 4242, kContainersId = 100'999;
  HostBuilder host;
  host.dir("root").dir("home/mallory/own").dir("home/mallory/data").dir("home/mallory/roots").dir("home/bob");
  host.file("etc/passwd", "mallory:x:4242:4242::/home/mallory:\n").file("etc/subuid", "mallory:100000:65536\n");
  std::filesystem::create_directory_symlink("/root", host.path("home/mallory/_data"));
  std::filesystem::create_directory_symlink("own", host.path("home/mallory/link"));
  ASSERT_EQ(chown(host.path("home/mallory/own").c_str(), kUser, kUser), 0);
  ASSERT_EQ(chown(host.path("home/mallory/data").c_str(), kContainersId, kContainersId), 0);
  ASSERT_EQ(chown(host.path("home/bob").c_str(), 4243, 4243), 0);
  const FilesystemPorts ports = filesystem_ports_of(host.root());
  EXPECT_TRUE(ports.open_directory("/home/mallory/own", kUser));
  EXPECT_TRUE(ports.open_directory("/home/mallory/link", kUser)) << "it leads to the user's own";
  EXPECT_TRUE(ports.open_directory("/home/mallory/data", kUser)) << "of a user in the user's containers";
  for (const char* other : {"/root", "/home/mallory/_data", "/home/mallory/roots", "/home/bob", "/"}) {
    const auto opened = ports.open_directory(other, kUser);
    ASSERT_FALSE(opened) << other;
    EXPECT_EQ(opened.error().kind, ErrorKind::kDenied) << other;
    EXPECT_TRUE(ports.open_directory(other, {})) << other;
  }
}

}  // namespace
}  // namespace tallyman
