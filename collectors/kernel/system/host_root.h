// The only access to the machine: the places of /, /proc, /sys and the cgroup file
// systems. "/" on a bare host, "/host" in a container with the host mounted there, a
// directory of files in a test.
#pragma once

#include <string>
#include <string_view>

namespace tallyman {

struct HostRoot {
  std::string rootfs = "/";
  std::string procfs;    // empty: rootfs/proc
  std::string sysfs;     // empty: rootfs/sys
  std::string cgroupfs;  // empty: sysfs/fs/cgroup

  // Absolute paths on this machine for paths on the host. `path` may begin with '/' or
  // not. No access to the file system.
  std::string root_path(std::string_view path) const;
  std::string proc_path(std::string_view path) const;    // "1/mountinfo"
  std::string sysctl_path(std::string_view name) const;  // "kernel/hostname": its file
  std::string sys_path(std::string_view path) const;     // "dev/block/254:0"
  // A mount point as in mountinfo. Below /sys/fs/cgroup it is taken from `cgroupfs`.
  std::string cgroup_path(std::string_view mount_point) const;
};

// In a container that has the host's processes at ROOTFS/proc, but no ROOTFS/sys of its own besides the cgroups: its
// own /sys is of the same kernel, and shows the same CPUs and devices. Then `sysfs` is that one, and `cgroupfs` what it
// would have been. Otherwise, and if either was given, `root` as it is. Asks the file system.
HostRoot with_own_sysfs(HostRoot root);

}  // namespace tallyman
