#include "collectors/discovery/runtimes/layer_directories.h"

#include <algorithm>

namespace tallyman {
namespace {

// The names must be long ids, so that no path leads elsewhere.
bool is_plain_name(std::string_view name) {
  return !name.empty() && name.size() <= 128 && name.front() != '.' &&
         name.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.") ==
             std::string_view::npos;
}

std::string path_of(const std::string& top, std::string_view above, std::string_view name, std::string_view below) {
  return (top + "/").append(above).append("/").append(name).append(below);
}

}  // namespace

std::string docker_mount_id_file(const std::string& data_root, const std::string& driver, const std::string& id) {
  return is_plain_name(driver) ? data_root + "/image/" + driver + "/layerdb/mounts/" + id + "/mount-id" : std::string();
}

std::string docker_layer_directory(const std::string& data_root, const std::string& driver, std::string_view mount_id) {
  if (!is_plain_name(mount_id)) return {};
  if (driver == "overlay2" || driver == "fuse-overlayfs") return path_of(data_root, driver, mount_id, "/diff");
  if (driver == "overlay") return path_of(data_root, driver, mount_id, "/upper");
  if (driver == "aufs") return path_of(data_root, "aufs/diff", mount_id, "");
  if (driver == "btrfs") return path_of(data_root, "btrfs/subvolumes", mount_id, "");
  if (driver == "vfs") return path_of(data_root, "vfs/dir", mount_id, "");
  return {};
}

std::string containers_storage_layer_directory(const std::string& graph, std::string_view driver,
                                               std::string_view layer, std::string_view root) {
  if (!is_plain_name(layer)) return {};
  if (root.starts_with('/') && root.find(layer) == std::string_view::npos) return std::string(root);
  if (driver == "overlay") return path_of(graph, driver, layer, "/diff");
  if (driver == "btrfs") return path_of(graph, "btrfs/subvolumes", layer, "");
  if (driver == "vfs") return path_of(graph, "vfs/dir", layer, "");
  return {};
}

std::string lxc_layer_directory(std::string_view rootfs_path) {
  const auto colon = std::min(rootfs_path.find(':'), rootfs_path.size());
  const std::string_view type = rootfs_path.starts_with('/') ? "dir" : rootfs_path.substr(0, colon);
  const std::string_view path =
      rootfs_path.starts_with('/') ? rootfs_path : rootfs_path.substr(std::min(colon + 1, rootfs_path.size()));
  if (type == "dir") return std::string(path.starts_with('/') ? path : std::string_view());
  if (type == "overlay" || type == "overlayfs") {
    const auto last = path.rfind(':');
    return last == std::string_view::npos ? std::string() : std::string(path.substr(last + 1));
  }
  return {};
}

}  // namespace tallyman
