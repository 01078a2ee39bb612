// LXC, and Incus and LXD, which are built on it (lxc.container.conf(5)). There is no
// daemon to ask: the name is in the path, and the few other facts are in the container's
// configuration.
#include "collectors/discovery/runtimes/lxc.h"

#include "collectors/discovery/runtimes/container_files.h"
#include "collectors/discovery/runtimes/layer_directories.h"
#include "collectors/kernel/stats/cgroup_path.h"
#include "collectors/kernel/system/rooted_files.h"
#include "collectors/kernel/system/text.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

namespace tallyman {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{1024} * 1024;
constexpr std::string_view kPayload = "lxc.payload.";  // since LXC 4.0
constexpr const char* kContainers = "/var/lib/lxc/";

constexpr std::string_view kBlanksAndReturn = " \t\r";

// The last value of a key in "key = value" lines; empty if there is none.
std::string value_in(std::string_view config, std::string_view key) {
  std::string value;
  while (!config.empty()) {
    const std::string_view line = config.substr(0, config.find('\n'));
    config.remove_prefix(std::min(line.size() + 1, config.size()));
    const std::size_t equals = line.find('=');
    if (equals != std::string_view::npos && trimmed(line.substr(0, equals), kBlanksAndReturn) == key) {
      value = trimmed(line.substr(equals + 1), kBlanksAndReturn);
    }
  }
  return value;
}

class LxcRuntime final : public Runtime {
 public:
  explicit LxcRuntime(const HostRoot& root) : files_(root) {}

  std::string_view name() const override { return "lxc"; }
  std::optional<ContainerMatch> match(std::string_view path) const override;
  std::uint64_t revision(const ContainerRef& container) override;
  Result<ContainerDescription> describe(const ContainerRef& container) override;
  bool serves_users() const override { return true; }

 private:
  RootedFiles files_;
};

// .../lxc.payload.NAME; /lxc.payload/NAME of LXC 3.1 and 3.2; and /lxc/NAME before.
std::optional<ContainerMatch> LxcRuntime::match(std::string_view path) const {
  const CgroupPath cgroup(path), parent = cgroup.parent();
  const std::string_view name = cgroup.name();
  if (name.starts_with(kPayload) && name.size() > kPayload.size()) {
    return ContainerMatch{std::string(name.substr(kPayload.size())), true};
  }
  if (parent == CgroupPath("/lxc") || parent.name() == "lxc.payload") return ContainerMatch{std::string(name), true};
  return {};
}

std::uint64_t LxcRuntime::revision(const ContainerRef& container) {
  if (container.made_by_user) return 1;  // root's configuration is not that container's
  const auto directory = files_.open(kContainers + container.id, O_PATH | O_DIRECTORY);
  const std::uint64_t files = directory ? revision_of_files(directory->get(), {"config"}) : 0;
  return std::max<std::uint64_t>(files, 1);  // the name is known without the files
}

Result<ContainerDescription> LxcRuntime::describe(const ContainerRef& container) {
  ContainerDescription description;
  ContainerMetadata& metadata = description.metadata;
  metadata.name = container.id;
  if (container.made_by_user) return description;
  const auto config = files_.read(kContainers + container.id + "/config", kMaxFileBytes);
  if (!config) {
    if (config.error().kind == ErrorKind::kDenied) description.incomplete = config.error();
    return description;
  }
  const std::string network = value_in(*config, "lxc.net.0.type");
  metadata.network_mode = network == "none" ? "host" : network == "empty" ? "none" : network;
  metadata.storage_driver = value_in(*config, "lxc.rootfs.path");
  metadata.layer_directory = lxc_layer_directory(metadata.storage_driver);
  metadata.storage_driver.resize(std::min(metadata.storage_driver.find(':'), metadata.storage_driver.size()));
  if (metadata.storage_driver.starts_with('/')) metadata.storage_driver = "dir";
  return description;
}

}  // namespace

std::unique_ptr<Runtime> make_lxc_runtime(const HostRoot& root) { return std::make_unique<LxcRuntime>(root); }

}  // namespace tallyman
