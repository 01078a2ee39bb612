// The calls that query a host's file systems. Each may hang if a disk has died: they are
// made through a DeadlineCaller. All are thread-safe.
#pragma once

#include "collectors/kernel/filesystem/mount_table.h"
#include "collectors/kernel/stats/filesystem_stats.h"
#include "collectors/kernel/system/error.h"
#include "collectors/kernel/system/file_descriptor.h"
#include "collectors/kernel/system/host_root.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tallyman {

// /proc/PID/mountinfo, "1" for the host's own.
Result<MountTable> read_mount_table(const HostRoot& root, const std::string& pid);

// Whether a process is in or below a cgroup of this name, as far as that can be read.
bool is_in_cgroup(const HostRoot& root, std::uint32_t pid, const std::string& name);

// The branch that an aufs mount writes to, by the name of its directory in /sys/fs/aufs;
// empty if there is none.
std::string writable_aufs_branch(const HostRoot& root, const std::string& directory);

// Usage of a disk by its device numbers, through any mount of it in this process's own
// mount namespace: in a container that sees part of the host, a part of the disk is
// enough to read the whole. kUnsupported: no such mount, or the host is a recorded one.
Result<DiskFilesystem> ask_disk(const HostRoot& root, std::uint32_t major, std::uint32_t minor);

// The result of opening a tree.
struct OpenedTree {
  std::pair<std::uint64_t, std::uint64_t> identity;  // device and inode: the same for another path of one tree
  std::uint64_t capacity_bytes = 0;
  std::optional<TreeStats> by_quota;  // without device and time; empty: a walk is needed
};
// `directory` is open for reading.
Result<OpenedTree> ask_tree(const FileDescriptor& directory);

}  // namespace tallyman
