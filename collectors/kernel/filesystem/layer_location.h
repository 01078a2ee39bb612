// Finds the layer that a container writes to. The kernel itself identifies it in the
// container's mount table, for every runtime and driver. Pure; any number of threads.
#pragma once

#include "collectors/kernel/filesystem/mount_table.h"

#include <optional>
#include <string>

namespace tallyman {

struct LayerLocation {
  // The directory with what the container has written, as a path on the host; or empty: a
  // file system of the container's own (zfs, a logical volume).
  std::string directory;
  // In that case: the file system.
  std::uint32_t major = 0, minor = 0;
  std::string device;  // its source
};

// From /proc/PID/mountinfo of a process of the container and the host's:
// - overlay: upperdir (Docker's overlay2 and overlayfs, containerd, Podman, CRI-O, LXC)
// - aufs: the writable branch; `branches_of` returns it for the "si" of the mount
// - fuse-overlayfs: `diff` next to the `merged` where the host has it mounted
// - a directory of a file system (vfs, btrfs, native, LXC's dir): that directory
// - a file system of its own: that file system
// Empty if it cannot be determined, or if the root is the host's own.
std::optional<LayerLocation> locate_layer(const MountTable& container, const MountTable& host,
                                          std::string_view writable_aufs_branch = {});

// The number of an aufs mount in /sys/fs/aufs, "si_8b3f1c"; empty for others.
std::string aufs_directory(const MountTable& container);

}  // namespace tallyman
