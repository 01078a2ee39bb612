#include "collectors/kernel/filesystem/layer_location.h"

#include <algorithm>

namespace tallyman {
namespace {

using formats::Mount;

// Not relative: a runtime that mounted from inside its directory does not say which directory that was.
std::optional<LayerLocation> directory_at(std::string path) {
  if (!path.starts_with('/')) {
    return {};
  }
  return LayerLocation{std::move(path), 0, 0, {}};
}

bool is_the_hosts_own_root(const Mount& mount, const MountTable& host) {
  const Mount* root = mount_at(host, "/");
  return root != nullptr && root->major == mount.major && root->minor == mount.minor && root->root == mount.root;
}

// .../overlay/ID/merged and .../fuse-overlayfs/ID/merged have their layer in ID/diff.
std::optional<LayerLocation> beside_merged(const Mount& mount, const MountTable& host) {
  constexpr std::string_view kMerged = "/merged";
  for (const Mount& other : host) {
    if (other.major == mount.major && other.minor == mount.minor && other.mount_point.ends_with(kMerged)) {
      return directory_at(other.mount_point.substr(0, other.mount_point.size() - kMerged.size()) + "/diff");
    }
  }
  return {};
}

}  // namespace

std::optional<LayerLocation> locate_layer(const MountTable& container, const MountTable& host,
                                          std::string_view writable_aufs_branch) {
  const Mount* root = mount_at(container, "/");
  if (root == nullptr || is_the_hosts_own_root(*root, host)) {
    return {};
  }
  if (root->fs_type == "overlay") {
    return directory_at(mount_option(root->super_options, "upperdir"));
  }
  if (root->fs_type == "aufs") {
    return directory_at(std::string(writable_aufs_branch));
  }
  if (root->fs_type.starts_with("fuse")) {
    return beside_merged(*root, host);
  }
  if (!is_disk_filesystem(root->fs_type)) {
    return {};
  }
  if (root->root != "/") {
    const auto path = path_of(host, root->major, root->minor, root->root);
    return path && *path != "/" ? directory_at(*path) : std::nullopt;
  }
  return LayerLocation{{}, root->major, root->minor, root->source};
}

std::string aufs_directory(const MountTable& container) {
  const Mount* root = mount_at(container, "/");
  if (root == nullptr || root->fs_type != "aufs") {
    return {};
  }
  const std::string number = mount_option(root->super_options, "si");
  const bool hexadecimal = !number.empty() && number.find_first_not_of("0123456789abcdef") == std::string::npos;
  return hexadecimal ? "si_" + number : std::string();
}

}  // namespace tallyman
