// What a mount table (proc_pid_mountinfo(5)) says about file systems and the places of
// files in them. Pure: nothing here accesses a file system, so a hanging one does no
// harm. Any number of threads.
#pragma once

#include "collectors/kernel/formats/proc_text.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

using MountTable = std::vector<formats::Mount>;

// A file system with local data that answers at once. All others (network, FUSE,
// automounts, unknown types) are never queried.
bool is_local_filesystem(std::string_view fs_type);
// A local one that stores data on a disk and can fill up: not tmpfs, not a union, not an
// image that is always full.
bool is_disk_filesystem(std::string_view fs_type);

// One mount for each file system of `host`'s disks, in the table's order: the mount that
// shows the whole file system if there are several, else the first.
std::vector<const formats::Mount*> disk_filesystems(const MountTable& host);

// The mount that contains an absolute path, by the path alone; null if there is none. The
// last of several mounts at one place is the visible one.
const formats::Mount* mount_of(const MountTable& table, std::string_view path);

// The path of the directory `root` of the file system major:minor, through a mount that
// shows it. Empty if there is none.
std::optional<std::string> path_of(const MountTable& table, std::uint32_t major, std::uint32_t minor,
                                   std::string_view root);

// The last mount at exactly this place; null if there is none.
const formats::Mount* mount_at(const MountTable& table, std::string_view mount_point);

// A value from the mount options, "upperdir" of "rw,lowerdir=/a,upperdir=/b"; "\," is a
// comma in it. Empty if there is none.
std::string mount_option(std::string_view options, std::string_view name);

}  // namespace tallyman
