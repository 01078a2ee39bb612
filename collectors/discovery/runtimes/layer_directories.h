// The directory in which a storage driver keeps what a container writes, from the
// runtimes' own files. Used if the kernel does not show it (fuse-overlayfs, a container
// without a visible process). Pure. Empty: a driver that uses no directory, or an unknown
// one.
#pragma once

#include <string>
#include <string_view>

namespace tallyman {

// Docker: the file that names the layer, and the layer with that name. moby,
// daemon/graphdriver and layer/filestore.go.
std::string docker_mount_id_file(const std::string& data_root, const std::string& driver, const std::string& id);
std::string docker_layer_directory(const std::string& data_root, const std::string& driver, std::string_view mount_id);

// containers/storage (Podman, CRI-O): `graph` is for example /var/lib/containers/storage,
// `root` the OCI bundle's root.path or empty. A container with its own root directory
// (podman run --rootfs) also gets a layer, but it stays empty: the container writes to
// `root`, and that path is not inside the storage.
std::string containers_storage_layer_directory(const std::string& graph, std::string_view driver,
                                               std::string_view layer, std::string_view root);

// LXC: lxc.rootfs.path, as "dir:/path", "/path" or "overlay:/lower:/upper"
// (lxc.container.conf(5)).
std::string lxc_layer_directory(std::string_view rootfs_path);

}  // namespace tallyman
