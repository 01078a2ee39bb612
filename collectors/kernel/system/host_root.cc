#include "collectors/kernel/system/host_root.h"

#include "collectors/kernel/system/procfs.h"

#include <unistd.h>

#include <algorithm>

namespace tallyman {
namespace {

constexpr std::string_view kCgroupMountRoot = "/sys/fs/cgroup";

std::string join(std::string base, std::string_view path) {
  while (!base.empty() && base.back() == '/') {
    base.pop_back();
  }
  while (!path.empty() && path.front() == '/') {
    path.remove_prefix(1);
  }
  if (!path.empty()) {
    base += '/';
    base += path;
  }
  return base.empty() ? "/" : base;
}

}  // namespace

HostRoot with_own_sysfs(HostRoot root) {
  if (!root.sysfs.empty() || !is_on_procfs(root.proc_path("")) || access(root.sys_path("devices").c_str(), F_OK) == 0) {
    return root;
  }
  if (root.cgroupfs.empty()) {
    root.cgroupfs = root.sys_path("fs/cgroup");
  }
  root.sysfs = "/sys";
  return root;
}

std::string HostRoot::root_path(std::string_view path) const { return join(rootfs, path); }

std::string HostRoot::proc_path(std::string_view path) const {
  return join(procfs.empty() ? join(rootfs, "proc") : procfs, path);
}

std::string HostRoot::sysctl_path(std::string_view name) const { return join(proc_path("sys"), name); }

std::string HostRoot::sys_path(std::string_view path) const {
  return join(sysfs.empty() ? join(rootfs, "sys") : sysfs, path);
}

std::string HostRoot::cgroup_path(std::string_view mount_point) const {
  const std::string_view rest = mount_point.substr(std::min(mount_point.size(), kCgroupMountRoot.size()));
  const bool below = mount_point.starts_with(kCgroupMountRoot) && (rest.empty() || rest.front() == '/');
  if (!below) {
    return join(rootfs, mount_point);
  }
  return join(cgroupfs.empty() ? sys_path("fs/cgroup") : cgroupfs, rest);
}

}  // namespace tallyman
