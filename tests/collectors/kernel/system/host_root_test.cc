#include "collectors/kernel/system/host_root.h"

#include "tests/support/host_builder.h"

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

TEST(HostRoot, TheOwnSysServesWhereOnlyTheHostsProcessesAreMounted) {
  const HostBuilder host;
  HostRoot root = host.root();
  const HostRoot recorded = with_own_sysfs(root);
  EXPECT_EQ(recorded.sysfs, root.sysfs)
      << "a recorded host's processes are files: its CPUs are not those of this kernel";
  root.procfs = "/proc";
  const HostRoot live = with_own_sysfs(root);
  EXPECT_EQ(live.sysfs, "/sys");
  EXPECT_EQ(live.cgroup_path("/sys/fs/cgroup/unified"), host.path("sys/fs/cgroup/unified"));
  root.sysfs = host.path("elsewhere");
  EXPECT_EQ(with_own_sysfs(root).sysfs, root.sysfs);
}

TEST(HostRoot, AMountedSysIsTheHosts) {
  HostBuilder host;
  host.dir("sys/devices");
  HostRoot root = host.root();
  root.procfs = "/proc";
  EXPECT_EQ(with_own_sysfs(root).sys_path("devices"), host.path("sys/devices"));
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
