#include "collectors/discovery/runtimes/docker_store.h"

#include "collectors/discovery/runtimes/container_files.h"
#include "collectors/discovery/runtimes/docker_metadata.h"
#include "collectors/discovery/runtimes/layer_directories.h"
#include "collectors/kernel/system/wall_clock.h"

#include <dirent.h>
#include <fcntl.h>

#include <cerrno>
#include <string_view>
#include <utility>

namespace tallyman {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{4} * 1024 * 1024;
constexpr std::size_t kMaxIdBytes = 256;
constexpr std::size_t kMaxRemappedRoots = 16;

// "100000.100000": the directory in which dockerd keeps everything when it maps user ids.
bool is_remapped_root(std::string_view name) {
  const auto dot = name.find('.');
  return dot != 0 && dot + 1 < name.size() && dot != std::string_view::npos &&
         name.find_first_not_of("0123456789.") == std::string_view::npos &&
         name.find('.', dot + 1) == std::string_view::npos;
}

}  // namespace

DockerStore::DockerStore(RootedFiles files, const std::vector<std::string>& data_roots) : files_(std::move(files)) {
  for (const std::string& data_root : data_roots) containers_directories_.push_back(data_root + "/containers");
  for (const std::string& data_root : data_roots) add_remapped(data_root);
}

void DockerStore::add_remapped(const std::string& data_root) {
  auto directory = files_.open(data_root, O_RDONLY | O_DIRECTORY);
  if (!directory) return;  // often cannot be listed although its containers are readable
  DIR* listing = fdopendir(directory->get());
  if (listing == nullptr) return;
  directory->release();
  std::size_t remapped = 0;
  while (const dirent* entry = readdir(listing)) {
    if (remapped >= kMaxRemappedRoots) break;
    if (is_remapped_root(entry->d_name) && ++remapped != 0)
      containers_directories_.push_back(data_root + "/" + entry->d_name + "/containers");
  }
  closedir(listing);
}

Result<DockerStore::ContainerDirectory> DockerStore::find(const std::string& id) {
  Error error{ErrorKind::kUnsupported, ENOENT,
              containers_directories_.empty() ? std::string() : containers_directories_.front()};
  for (const auto& containers : containers_directories_) {
    std::string path = containers + "/" + id;
    auto directory = files_.open(path, O_PATH | O_DIRECTORY);
    if (directory) return ContainerDirectory{std::move(path), std::move(*directory)};
    // The others may still be readable.
    if (error.kind == ErrorKind::kUnsupported) error = directory.error();
  }
  return error;
}

std::string DockerStore::layer_directory(const std::string& containers_directory, const std::string& driver,
                                         const std::string& id) {
  const std::string data_root = containers_directory.substr(0, containers_directory.rfind("/containers/"));
  const auto mount_id = files_.read(docker_mount_id_file(data_root, driver, id), kMaxIdBytes);
  return mount_id ? docker_layer_directory(data_root, driver, *mount_id) : std::string();
}

std::uint64_t DockerStore::revision(const std::string& id) {
  const auto found = find(id);
  if (!found) return 0;
  return revision_of_files(found->directory.get(), {"config.v2.json", "hostconfig.json"});
}

Result<ContainerDescription> DockerStore::describe(const std::string& id) {
  const auto found = find(id);
  if (!found) return found.error();
  const std::string config_path = found->path + "/config.v2.json";
  const auto config = files_.read(config_path, kMaxFileBytes);
  if (!config) return config.error();
  ContainerDescription description;
  if (!parse_docker_config(*config, description.metadata, &description.stale_at_nsec)) {
    return Error{ErrorKind::kMalformed, 0, config_path};
  }
  if (description.stale_at_nsec && *description.stale_at_nsec <= wall_clock_nsec()) {
    description.metadata.health = Health::kNone;
    description.stale_at_nsec.reset();
  }

  const std::string host_config_path = found->path + "/hostconfig.json";
  const auto host_config = files_.read(host_config_path, kMaxFileBytes);
  if (!host_config) {
    if (host_config.error().kind != ErrorKind::kUnsupported) description.incomplete = host_config.error();
  } else if (!parse_docker_host_config(*host_config, description.metadata)) {
    description.incomplete = Error{ErrorKind::kMalformed, 0, host_config_path};
  }
  ContainerMetadata& metadata = description.metadata;
  metadata.layer_directory = layer_directory(found->path, metadata.storage_driver, id);
  return description;
}

}  // namespace tallyman
