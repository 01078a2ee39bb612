#include "collectors/kernel/filesystem/filesystem_probe.h"

#include "collectors/kernel/filesystem/project_quota.h"
#include "collectors/kernel/system/kernel_file.h"
#include "collectors/kernel/system/procfs.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <cerrno>

namespace tallyman {
namespace {

DiskFilesystem figures_of(const struct statvfs& status) {
  DiskFilesystem disk;
  disk.size_bytes = static_cast<std::uint64_t>(status.f_blocks) * status.f_frsize;
  disk.used_bytes = static_cast<std::uint64_t>(status.f_blocks - status.f_bfree) * status.f_frsize;
  disk.available_bytes = static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
  if (status.f_files != 0) {  // btrfs and vfat have no fixed number
    disk.inodes_total = status.f_files;
    disk.inodes_free = status.f_ffree;
  }
  return disk;
}

}  // namespace

Result<MountTable> read_mount_table(const HostRoot& root, const std::string& pid) {
  ReadBuffer buffer;
  const Result<std::string_view> text = read_file(root.proc_path(pid + "/mountinfo"), buffer);
  if (!text) {
    return text.error();
  }
  MountTable table;
  formats::parse_mountinfo(*text, table);  // a row that cannot be parsed is not a mount to query
  return table;
}

bool is_in_cgroup(const HostRoot& root, std::uint32_t pid, const std::string& name) {
  ReadBuffer buffer;
  const Result<std::string_view> text = read_file(root.proc_path(std::to_string(pid) + "/cgroup"), buffer);
  return !text || text->find("/" + name) != std::string_view::npos;
}

std::string writable_aufs_branch(const HostRoot& root, const std::string& directory) {
  constexpr std::string_view kWritable = "=rw";
  if (directory.empty()) {
    return {};
  }
  const std::string branches = root.sys_path("fs/aufs/" + directory);
  ReadBuffer buffer;
  for (const std::string& name : names_in(branches)) {
    std::string branch = name.starts_with("br") ? read_line(branches + "/" + name, buffer) : std::string();
    if (branch.ends_with(kWritable)) {
      branch.resize(branch.size() - kWritable.size());
      return branch;
    }
  }
  return {};
}

Result<DiskFilesystem> ask_disk(const HostRoot& root, std::uint32_t major, std::uint32_t minor) {
  if (!is_on_procfs(root.proc_path(""))) {
    return Error{ErrorKind::kUnsupported, 0, "a recorded host has no disks to ask"};
  }
  HostRoot here;
  const Result<MountTable> table = read_mount_table(here, "self");
  if (!table) {
    return table.error();
  }
  Error error{ErrorKind::kUnsupported, 0, "no mount of it is visible here"};
  for (const formats::Mount& mount : *table) {
    if (mount.major != major || mount.minor != minor || mount_of(*table, mount.mount_point) != &mount) {
      continue;
    }
    struct statvfs status {};
    if (statvfs(mount.mount_point.c_str(), &status) == 0) {
      return figures_of(status);
    }
    error = error_from_errno(errno, mount.mount_point);
  }
  return error;
}

Result<OpenedTree> ask_tree(const FileDescriptor& directory) {
  struct stat status {};
  struct statvfs filesystem {};
  if (fstat(directory.get(), &status) != 0 || fstatvfs(directory.get(), &filesystem) != 0) {
    return error_from_errno(errno, {});
  }
  OpenedTree tree;
  tree.identity = {status.st_dev, status.st_ino};
  tree.capacity_bytes = figures_of(filesystem).size_bytes;
  const std::uint32_t project = own_project_of(directory.get());
  if (project == 0) {
    return tree;
  }
  if (const auto usage = project_usage(directory.get(), project)) {
    TreeStats stats;
    stats.bytes = usage->bytes;
    stats.inodes = usage->inodes;
    stats.limit_bytes = usage->limit_bytes;
    stats.source = UsageSource::kQuota;
    tree.by_quota = stats;
  }
  return tree;
}

}  // namespace tallyman
