#include "collectors/discovery/runtimes/docker.h"

#include "collectors/discovery/runtimes/container_files.h"
#include "collectors/discovery/runtimes/docker_metadata.h"
#include "collectors/discovery/runtimes/layer_directories.h"
#include "collectors/discovery/runtimes/users.h"
#include "collectors/kernel/stats/cgroup_path.h"
#include "collectors/kernel/system/rooted_files.h"

#include <dirent.h>
#include <fcntl.h>

#include <cerrno>
#include <chrono>
#include <utility>
#include <vector>

namespace tallyman {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{4} * 1024 * 1024;
constexpr std::size_t kMaxIdBytes = 256;
constexpr std::size_t kMaxRemappedRoots = 16;
constexpr const char* kDefaultDataRoot = "/var/lib/docker";
constexpr const char* kDaemonConfig = "/etc/docker/daemon.json";

// "100000.100000": the directory in which dockerd keeps everything when it maps user ids.
bool is_remapped_root(std::string_view name) {
  const auto dot = name.find('.');
  return dot != 0 && dot + 1 < name.size() && dot != std::string_view::npos &&
         name.find_first_not_of("0123456789.") == std::string_view::npos &&
         name.find('.', dot + 1) == std::string_view::npos;
}

class DockerRuntime final : public Runtime {
 public:
  DockerRuntime(const HostRoot& root, std::string data_root) : files_(root), given_data_root_(std::move(data_root)) {}

  std::string_view name() const override { return "docker"; }
  std::optional<ContainerMatch> match(std::string_view path) const override;
  std::uint64_t revision(const std::string& id) override;
  Result<ContainerDescription> describe(const std::string& id) override;
  MetadataSource metadata_source() const override {
    const bool known = !containers_directories_.empty();
    return {known ? containers_directories_.front() : std::string(kDefaultDataRoot) + "/containers", "--docker.root"};
  }

 private:
  struct ContainerDirectory {
    std::string path;
    FileDescriptor directory;
  };
  Result<ContainerDirectory> find(const std::string& id);
  Result<ContainerDirectory> find_among_known(const std::string& id);
  void find_containers_directories();
  std::string layer_directory(const std::string& containers_directory, const std::string& driver,
                              const std::string& id);
  std::string data_root();

  RootedFiles files_;
  std::string given_data_root_;
  std::vector<std::string> containers_directories_;
  std::optional<Error> daemon_config_error_;
  std::chrono::steady_clock::time_point next_search_{};
};

std::optional<ContainerMatch> DockerRuntime::match(std::string_view path) const {
  const CgroupPath cgroup(path), parent = cgroup.parent();
  if (contains_container_id(parent.text())) return {};
  if (is_container_id(cgroup.name())) {
    return ContainerMatch{std::string(cgroup.name()), parent.name() == "docker"};
  }
  const std::string_view id = id_between(cgroup.name(), "docker-", ".scope");
  if (id.empty()) return {};
  return ContainerMatch{std::string(id), true};
}

std::string DockerRuntime::data_root() {
  daemon_config_error_.reset();
  if (!given_data_root_.empty()) return given_data_root_;
  const auto text = files_.read(kDaemonConfig, kMaxFileBytes);
  if (!text) {
    if (text.error().kind != ErrorKind::kUnsupported) daemon_config_error_ = text.error();
    return kDefaultDataRoot;
  }
  auto configured = parse_docker_data_root(*text);
  if (!configured) {
    daemon_config_error_ = Error{ErrorKind::kMalformed, 0, kDaemonConfig};
    return kDefaultDataRoot;
  }
  return configured->empty() ? kDefaultDataRoot : std::move(*configured);
}

void DockerRuntime::find_containers_directories() {
  const std::string top = data_root();
  containers_directories_ = {top + "/containers"};
  if (given_data_root_.empty()) {
    for (const User& user : users_with_runtime_directory(files_)) {
      if (!user.home.empty()) containers_directories_.push_back(user.home + "/.local/share/docker/containers");
    }
  }
  auto directory = files_.open(top, O_RDONLY | O_DIRECTORY);
  if (!directory) return;  // often cannot be listed although its containers are readable
  DIR* listing = fdopendir(directory->get());
  if (listing == nullptr) return;
  directory->release();
  std::size_t remapped = 0;
  while (const dirent* entry = readdir(listing)) {
    if (remapped >= kMaxRemappedRoots) break;
    if (is_remapped_root(entry->d_name) && ++remapped != 0)
      containers_directories_.push_back(top + "/" + entry->d_name + "/containers");
  }
  closedir(listing);
}

Result<DockerRuntime::ContainerDirectory> DockerRuntime::find_among_known(const std::string& id) {
  Error error{ErrorKind::kUnsupported, ENOENT, kDefaultDataRoot};
  for (const auto& containers : containers_directories_) {
    std::string path = containers + "/" + id;
    auto directory = files_.open(path, O_PATH | O_DIRECTORY);
    if (directory) return ContainerDirectory{std::move(path), std::move(*directory)};
    // The others may still be readable: a user's own Docker next to root's.
    if (error.kind == ErrorKind::kUnsupported) error = directory.error();
  }
  return error;
}

Result<DockerRuntime::ContainerDirectory> DockerRuntime::find(const std::string& id) {
  auto found = find_among_known(id);
  const auto now = std::chrono::steady_clock::now();
  if (!found && now >= next_search_) {
    next_search_ = now + std::chrono::seconds(1);
    find_containers_directories();
    found = find_among_known(id);
  }
  if (!found && found.error().kind == ErrorKind::kUnsupported && daemon_config_error_) return *daemon_config_error_;
  return found;
}

std::string DockerRuntime::layer_directory(const std::string& containers_directory, const std::string& driver,
                                           const std::string& id) {
  const std::string data_root = containers_directory.substr(0, containers_directory.rfind("/containers/"));
  const auto mount_id = files_.read(docker_mount_id_file(data_root, driver, id), kMaxIdBytes);
  return mount_id ? docker_layer_directory(data_root, driver, *mount_id) : std::string();
}

std::uint64_t DockerRuntime::revision(const std::string& id) {
  const auto found = find(id);
  if (!found) return 0;
  return revision_of_files(found->directory.get(), {"config.v2.json", "hostconfig.json"});
}

Result<ContainerDescription> DockerRuntime::describe(const std::string& id) {
  const auto found = find(id);
  if (!found) return found.error();
  const std::string config_path = found->path + "/config.v2.json";
  const auto config = files_.read(config_path, kMaxFileBytes);
  if (!config) return config.error();
  ContainerDescription description;
  if (!parse_docker_config(*config, description.metadata)) return Error{ErrorKind::kMalformed, 0, config_path};

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

}  // namespace

std::unique_ptr<Runtime> make_docker_runtime(const HostRoot& root, std::string data_root) {
  return std::make_unique<DockerRuntime>(root, std::move(data_root));
}

}  // namespace tallyman
