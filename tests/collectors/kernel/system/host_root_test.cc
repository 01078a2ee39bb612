#include "collectors/kernel/system/host_root.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

TEST(HostRoot, IsTheMachineItselfByDefault) {
  const HostRoot root;
  EXPECT_EQ(root.root_path("etc/machine-id"), "/etc/machine-id");
  EXPECT_EQ(root.root_path("/"), "/");
  EXPECT_EQ(root.root_path(""), "/");
  EXPECT_EQ(root.proc_path("1/mountinfo"), "/proc/1/mountinfo");
  EXPECT_EQ(root.sys_path("dev/block/254:0"), "/sys/dev/block/254:0");
  EXPECT_EQ(root.cgroup_path("/sys/fs/cgroup"), "/sys/fs/cgroup");
  EXPECT_EQ(root.cgroup_path("/sys/fs/cgroup/memory"), "/sys/fs/cgroup/memory");
}

TEST(HostRoot, MovesEverythingBelowOneDirectory) {
  HostRoot root;
  root.rootfs = "/host";
  EXPECT_EQ(root.root_path("/var/lib/docker"), "/host/var/lib/docker");
  EXPECT_EQ(root.proc_path("/1/mountinfo"), "/host/proc/1/mountinfo");
  EXPECT_EQ(root.sysctl_path("kernel/hostname"), "/host/proc/sys/kernel/hostname");
  EXPECT_EQ(root.sys_path(""), "/host/sys");
  EXPECT_EQ(root.cgroup_path("/sys/fs/cgroup/unified"), "/host/sys/fs/cgroup/unified");
}

TEST(HostRoot, TakesEachTreeFromItsOwnPlace) {
  HostRoot root;
  root.rootfs = "/rootfs/";
  root.procfs = "/host/proc/";
  root.sysfs = "/host/sys";
  EXPECT_EQ(root.root_path("etc/os-release"), "/rootfs/etc/os-release");
  EXPECT_EQ(root.proc_path("stat"), "/host/proc/stat");
  EXPECT_EQ(root.sys_path("class"), "/host/sys/class");
  EXPECT_EQ(root.cgroup_path("/sys/fs/cgroup/cpu"), "/host/sys/fs/cgroup/cpu") << "the cgroup mounts go with sysfs";
  root.cgroupfs = "/host/cgroup";
  EXPECT_EQ(root.cgroup_path("/sys/fs/cgroup/cpu"), "/host/cgroup/cpu");
  EXPECT_EQ(root.cgroup_path("/sys/fs/cgroup"), "/host/cgroup");
}

TEST(HostRoot, FindsHierarchiesThatAreMountedElsewhere) {
  HostRoot root;
  root.rootfs = "/host";
  root.cgroupfs = "/host/cgroup";
  EXPECT_EQ(root.cgroup_path("/dev/cgroup/cpu"), "/host/dev/cgroup/cpu");
  EXPECT_EQ(root.cgroup_path("/sys/fs/cgroupish"), "/host/sys/fs/cgroupish") << "another directory, not a mount below";
}

}  // namespace
}  // namespace tallyman
