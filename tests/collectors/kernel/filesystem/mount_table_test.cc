#include "collectors/kernel/filesystem/mount_table.h"

#include "collectors/kernel/filesystem/layer_location.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tallyman {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::Pointee;

MountTable table_of(std::string_view text) {
  MountTable table;
  EXPECT_EQ(formats::parse_mountinfo(text, table), 0U);
  return table;
}

// A host with Docker's data on a disk of its own, and many mounts that must not be queried.
const MountTable& host() {
  static const MountTable table = table_of(
      "26 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n"
      "21 26 0:20 / /proc rw - proc proc rw\n"
      "30 26 0:27 / /run rw - tmpfs tmpfs rw\n"
      "31 26 254:17 / /var/lib/docker rw - xfs /dev/vdb1 rw,prjquota\n"
      "32 26 254:17 /volumes /srv/volumes rw - xfs /dev/vdb1 rw,prjquota\n"
      "33 26 0:50 / /home rw - nfs4 filer:/home rw,vers=4.2\n"
      "34 26 0:51 / /mnt/ssh rw - fuse.sshfs me@there: rw,user_id=0\n"
      "35 26 0:52 / /misc rw - autofs /etc/auto.misc rw,fd=6\n"
      "36 26 7:3 / /snap/core/1 ro - squashfs /dev/loop3 ro\n"
      "37 26 0:60 /@data /data\\040disk rw - btrfs /dev/vdc rw,subvol=/@data\n"
      "38 26 0:60 / /pool rw - btrfs /dev/vdc rw,subvol=/\n"
      "39 31 0:70 / /var/lib/docker/overlay2/aa/merged rw - overlay overlay rw,lowerdir=/l,upperdir=/u,workdir=/w\n"
      "40 26 0:71 / /zfs rw - zfs tank/data rw\n");
  return table;
}

TEST(MountTable, FindsTheHostsDisksOnceEachAndNothingElse) {
  EXPECT_THAT(disk_filesystems(host()), ElementsAre(Pointee(Field(&formats::Mount::mount_point, "/")),
                                                    Pointee(Field(&formats::Mount::mount_point, "/var/lib/docker")),
                                                    Pointee(Field(&formats::Mount::mount_point, "/pool")),
                                                    Pointee(Field(&formats::Mount::mount_point, "/zfs"))));
}

TEST(MountTable, NeverTakesWhatMayHangForLocal) {
  for (const char* type : {"nfs", "nfs4", "cifs", "smb3", "fuse", "fuse.sshfs", "fuseblk", "autofs", "9p", "ceph",
                           "virtiofs", "afs", "lustre", "glusterfs", "", "something.new"}) {
    EXPECT_FALSE(is_local_filesystem(type)) << type;
    EXPECT_FALSE(is_disk_filesystem(type)) << type;
  }
  EXPECT_TRUE(is_local_filesystem("tmpfs"));
  EXPECT_FALSE(is_disk_filesystem("tmpfs")) << "memory, no disk";
  EXPECT_FALSE(is_disk_filesystem("overlay")) << "its upper layer's disk counts it";
}

TEST(MountTable, FindsTheMountOfAPath) {
  const auto at = [](std::string_view path) { return mount_of(host(), path)->mount_point; };
  EXPECT_EQ(at("/"), "/");
  EXPECT_EQ(at("/var/lib/dockerish"), "/");
  EXPECT_EQ(at("/var/lib/docker"), "/var/lib/docker");
  EXPECT_EQ(at("/var/lib/docker/volumes/x/_data"), "/var/lib/docker");
  EXPECT_EQ(at("/home/x"), "/home");
  EXPECT_EQ(at("/data disk/x"), "/data disk");
  EXPECT_EQ(mount_of(MountTable(), "/x"), nullptr);
  const MountTable twice =
      table_of("1 0 8:1 / / rw - ext4 a rw\n2 1 8:2 / /m rw - ext4 b rw\n3 2 8:3 / /m rw - xfs c rw\n");
  EXPECT_EQ(mount_of(twice, "/m/x")->source, "c");
  EXPECT_EQ(mount_at(twice, "/m")->source, "c");
}

TEST(MountTable, FindsADirectoryOfAFileSystem) {
  EXPECT_EQ(path_of(host(), 254, 17, "/vfs/dir/ab"), "/var/lib/docker/vfs/dir/ab");
  EXPECT_EQ(path_of(host(), 254, 1, "/srv/root"), "/srv/root");
  EXPECT_EQ(path_of(host(), 254, 1, "/"), "/");
  EXPECT_EQ(path_of(host(), 0, 60, "/@data/x"), "/data disk/x");
  EXPECT_EQ(path_of(host(), 254, 1, "/var/lib/docker/x"), std::nullopt) << "another disk is mounted over it";
  EXPECT_EQ(path_of(host(), 9, 9, "/x"), std::nullopt);
}

TEST(MountTable, ReadsAnOption) {
  EXPECT_EQ(mount_option("rw,lowerdir=/a:/b,upperdir=/u p,workdir=/w", "upperdir"), "/u p");
  EXPECT_EQ(mount_option("rw,upperdir=/with\\,comma,workdir=/w", "upperdir"), "/with,comma");
  EXPECT_EQ(mount_option("rw,notupperdir=/x", "upperdir"), "");
  EXPECT_EQ(mount_option("upperdir", "upperdir"), "");
  EXPECT_EQ(mount_option("", "upperdir"), "");
}

std::string directory_of(std::string_view container, const MountTable& on = host(), std::string_view branch = {}) {
  const auto location = locate_layer(table_of(container), on, branch);
  return location ? location->directory : "none";
}

// The rows are as each runtime and driver makes them; the versions are named.
TEST(LayerLocation, IsTheUpperDirectoryOfAnOverlay) {
  // Docker 20.10 overlay2.
  EXPECT_EQ(directory_of("400 300 0:70 / / rw,relatime - overlay overlay "
                         "rw,lowerdir=/var/lib/docker/overlay2/l/A:/var/lib/docker/overlay2/l/B,"
                         "upperdir=/var/lib/docker/overlay2/d1/diff,workdir=/var/lib/docker/overlay2/d1/work\n"
                         "401 400 0:80 / /proc rw - proc proc rw\n"),
            "/var/lib/docker/overlay2/d1/diff");
  // containerd 1.6 and Docker's containerd image store: snapshotter overlayfs.
  EXPECT_EQ(directory_of("400 300 0:70 / / rw,relatime - overlay overlay rw,lowerdir=/l,"
                         "upperdir=/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/42/fs,"
                         "workdir=/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/42/work\n"),
            "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/42/fs");
  // Podman 4.3, CRI-O 1.24: containers/storage overlay.
  EXPECT_EQ(directory_of("400 300 0:70 / / rw,relatime - overlay overlay rw,lowerdir=/var/lib/containers/storage/"
                         "overlay/l/X,upperdir=/var/lib/containers/storage/overlay/e5/diff,workdir=/var/lib/"
                         "containers/storage/overlay/e5/work,metacopy=on,volatile\n"),
            "/var/lib/containers/storage/overlay/e5/diff");
  EXPECT_EQ(directory_of("400 300 0:70 / / ro - overlay overlay ro,lowerdir=/a:/b\n"), "none") << "nothing to write to";
  EXPECT_EQ(directory_of("400 300 0:70 / / rw - overlay overlay rw,lowerdir=l/A,upperdir=d1/diff,workdir=d1/work\n"),
            "none")
      << "relative to an unknown directory";
}

TEST(LayerLocation, IsTheDirectoryThatIsTheRoot) {
  // Docker vfs; LXC "dir:" on the root disk; containerd's native snapshotter.
  EXPECT_EQ(directory_of("400 300 254:17 /vfs/dir/ab / rw - xfs /dev/vdb1 rw\n"), "/var/lib/docker/vfs/dir/ab");
  EXPECT_EQ(directory_of("400 300 254:1 /var/lib/lxc/web/rootfs / rw - ext4 /dev/vda1 rw\n"),
            "/var/lib/lxc/web/rootfs");
  // Docker btrfs: a subvolume; its path is the mount's root.
  EXPECT_EQ(directory_of("400 300 0:60 /btrfs/subvolumes/ab / rw - btrfs /dev/vdc rw,subvolid=260,subvol=/btrfs\n"),
            "/pool/btrfs/subvolumes/ab");
}

TEST(LayerLocation, IsTheWritableBranchOfAufs) {
  const char* container = "400 300 0:75 / / rw,relatime - aufs none rw,si=8b3f1c2d,dio,dirperm1\n";
  EXPECT_EQ(aufs_directory(table_of(container)), "si_8b3f1c2d");
  EXPECT_EQ(directory_of(container, host(), "/var/lib/docker/aufs/diff/m1"), "/var/lib/docker/aufs/diff/m1");
  EXPECT_EQ(directory_of(container), "none");
  EXPECT_EQ(aufs_directory(table_of("400 300 0:75 / / rw - aufs none rw,si=../../etc\n")), "");
  EXPECT_EQ(aufs_directory(host()), "");
}

TEST(LayerLocation, IsNextToWhatFuseOverlayfsMerged) {
  const MountTable on = table_of(
      "26 1 254:1 / / rw - ext4 /dev/vda1 rw\n"
      "50 26 0:90 / /var/lib/containers/storage/overlay/f7/merged rw - fuse.fuse-overlayfs fuse-overlayfs "
      "rw,user_id=0,group_id=0,default_permissions,allow_other\n");
  const char* container =
      "400 300 0:90 / / rw - fuse.fuse-overlayfs fuse-overlayfs rw,user_id=0,group_id=0,default_permissions\n";
  EXPECT_EQ(directory_of(container, on), "/var/lib/containers/storage/overlay/f7/diff");
  EXPECT_EQ(directory_of(container), "none") << "rootless: mounted where the host does not see it";
}

TEST(LayerLocation, IsAFileSystemOfItsOwn) {
  const auto zfs = locate_layer(table_of("400 300 0:93 / / rw - zfs tank/docker/4f2a rw,xattr\n"), host());
  ASSERT_TRUE(zfs);
  EXPECT_THAT(zfs->directory, IsEmpty());
  EXPECT_EQ(zfs->device, "tank/docker/4f2a");
  EXPECT_EQ(zfs->minor, 93U);
}

TEST(LayerLocation, IsNoneWhereTheRootIsTheHostsOrUnknown) {
  EXPECT_EQ(directory_of("26 1 254:1 / / rw - ext4 /dev/vda1 rw\n"), "none");
  EXPECT_EQ(directory_of("400 300 0:50 /x / rw - nfs4 filer:/home rw\n"), "none");
  EXPECT_EQ(directory_of("400 300 0:95 / / rw - tmpfs tmpfs rw\n"), "none");
  EXPECT_EQ(directory_of("400 300 0:95 / /proc rw - proc proc rw\n"), "none");
  EXPECT_EQ(directory_of(""), "none");
}

}  // namespace
}  // namespace tallyman
