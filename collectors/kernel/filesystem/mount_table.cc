#include "collectors/kernel/filesystem/mount_table.h"

#include <algorithm>
#include <array>

namespace tallyman {
namespace {

using formats::Mount;

constexpr std::array<std::string_view, 19> kDiskTypes = {
    "ext4",  "xfs",    "btrfs", "zfs",   "ext3",  "ext2",    "f2fs",  "bcachefs", "jfs", "reiserfs",
    "ubifs", "nilfs2", "vfat",  "exfat", "ntfs3", "hfsplus", "minix", "ufs",      "udf"};
constexpr std::array<std::string_view, 4> kOtherLocalTypes = {"tmpfs", "overlay", "aufs", "ramfs"};

template <std::size_t Size>
bool is_among(const std::array<std::string_view, Size>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The part of `path` after `above`: "" for itself, "/c" for "/a/b/c" below "/a/b".
std::optional<std::string_view> rest_below(std::string_view path, std::string_view above) {
  if (above == "/") {
    return path == "/" ? std::string_view() : path;
  }
  if (!path.starts_with(above)) {
    return {};
  }
  const std::string_view rest = path.substr(above.size());
  return rest.empty() || rest.front() == '/' ? std::optional(rest) : std::nullopt;
}

}  // namespace

bool is_local_filesystem(std::string_view fs_type) {
  return is_among(kDiskTypes, fs_type) || is_among(kOtherLocalTypes, fs_type);
}

bool is_disk_filesystem(std::string_view fs_type) { return is_among(kDiskTypes, fs_type); }

std::vector<const Mount*> disk_filesystems(const MountTable& host) {
  std::vector<const Mount*> found;
  for (const Mount& mount : host) {
    if (!is_disk_filesystem(mount.fs_type)) {
      continue;
    }
    const auto known = std::find_if(found.begin(), found.end(), [&](const Mount* one) {
      return one->major == mount.major && one->minor == mount.minor;
    });
    if (known == found.end()) {
      found.push_back(&mount);
    } else if ((*known)->root != "/" && mount.root == "/") {
      *known = &mount;
    }
  }
  return found;
}

const Mount* mount_of(const MountTable& table, std::string_view path) {
  const Mount* best = nullptr;
  for (const Mount& mount : table) {
    if (rest_below(path, mount.mount_point) && (!best || mount.mount_point.size() >= best->mount_point.size())) {
      best = &mount;
    }
  }
  return best;
}

std::optional<std::string> path_of(const MountTable& table, std::uint32_t major, std::uint32_t minor,
                                   std::string_view root) {
  for (const Mount& mount : table) {
    if (mount.major != major || mount.minor != minor) {
      continue;
    }
    const auto rest = rest_below(root, mount.root);
    if (!rest) {
      continue;
    }
    std::string path = mount.mount_point == "/" ? std::string(*rest) : mount.mount_point + std::string(*rest);
    if (path.empty()) {
      path = "/";
    }
    if (mount_of(table, path) == &mount) {  // else another mount hides it
      return path;
    }
  }
  return {};
}

const Mount* mount_at(const MountTable& table, std::string_view mount_point) {
  const auto last =
      std::find_if(table.rbegin(), table.rend(), [&](const Mount& mount) { return mount.mount_point == mount_point; });
  return last == table.rend() ? nullptr : &*last;
}

std::string mount_option(std::string_view options, std::string_view name) {
  while (!options.empty()) {
    std::string option;
    std::size_t end = 0;
    for (; end < options.size() && options[end] != ','; ++end) {
      if (options[end] == '\\' && end + 1 < options.size() && options[end + 1] == ',') {
        ++end;
      }
      option += options[end];
    }
    options.remove_prefix(std::min(end + 1, options.size()));
    if (option.size() > name.size() && option.starts_with(name) && option[name.size()] == '=') {
      return option.substr(name.size() + 1);
    }
  }
  return {};
}

}  // namespace tallyman
