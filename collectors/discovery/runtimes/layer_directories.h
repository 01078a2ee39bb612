// Where storage drivers keep what a container writes, by the runtimes' own
// files: for the cases in which the kernel does not tell (fuse-overlayfs, a
// container whose process is not to be seen). Pure. Empty: a driver that keeps
// it in no directory, or one that nobody here knows.
#pragma once

#include <string>
#include <string_view>

namespace tallyman {

// Docker: the file that names the layer, and the layer of that name. moby,
// daemon/graphdriver and layer/filestore.go.
std::string docker_mount_id_file(const std::string& data_root, const std::string& driver, const std::string& id);
std::string docker_layer_directory(const std::string& data_root, const std::string& driver, std::string_view mount_id);

// containers/storage (Podman, CRI-O): `graph` as /var/lib/containers/storage, `root`
// the OCI bundle's root.path or empty. A container of its own directory (podman run
// --rootfs) is given a layer like all others, which stays empty: it writes to `root`,
// whose path does not name the layer as those within the storage do.
std::string containers_storage_layer_directory(const std::string& graph, std::string_view driver,
                                               std::string_view layer, std::string_view root);

// LXC: lxc.rootfs.path, as "dir:/path", "/path" or "overlay:/lower:/upper"
// (lxc.container.conf(5)).
std::string lxc_layer_directory(std::string_view rootfs_path);

}  // namespace tallyman
