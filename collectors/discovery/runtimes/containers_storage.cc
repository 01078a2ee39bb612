#include "collectors/discovery/runtimes/containers_storage.h"

#include "collectors/discovery/runtimes/container_files.h"
#include "collectors/discovery/runtimes/docker_metadata.h"
#include "collectors/discovery/runtimes/json_facts.h"
#include "collectors/discovery/runtimes/layer_directories.h"
#include "collectors/discovery/runtimes/oci_spec.h"
#include "collectors/discovery/runtimes/users.h"
#include "collectors/kernel/stats/cgroup_path.h"
#include "collectors/kernel/system/text.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace tallyman {
namespace {

using namespace json_facts;

constexpr std::size_t kMaxFileBytes = std::size_t{16} * 1024 * 1024;
constexpr std::size_t kMaxExitBytes = 64;
constexpr std::size_t kMaxExitsKept = 4'096;
constexpr const char* kDrivers[] = {"overlay", "vfs", "btrfs", "zfs"};
constexpr const char* kRootRun = "/run/containers/storage";
constexpr const char* kRootGraph = "/var/lib/containers/storage";

// A number of one byte, as conmon writes it: 128 plus the signal if one ended it.
std::optional<std::int64_t> parse_exit_file(std::string_view text) {
  return to_number<std::uint8_t>(text.substr(0, text.find('\n')));
}

}  // namespace

bool parse_containers_json(std::string_view text, std::string_view id, ContainerMetadata& metadata) {
  bool found = false;
  // The top level is an array; the reader needs objects.
  with_object("{\"containers\":" + std::string(text) + "}", [&](const json::object& top) {
    const auto* value = member(top, "containers");
    const auto* list = value != nullptr ? value->if_array() : nullptr;
    if (list == nullptr) return;
    for (const json::value& one : *list) {
      const auto* container = one.if_object();
      if (container == nullptr || string_in(*container, "id") != id) continue;
      found = true;
      const auto names = strings_in(*container, "names");
      if (!names.empty() && metadata.name.empty()) metadata.name = names.front();
      metadata.created_nsec = parse_rfc3339_nsec(string_in(*container, "created"));
      // Podman's and CRI-O's own record, as JSON in a string.
      with_object(string_in(*container, "metadata"), [&](const json::object& own) {
        if (metadata.image.empty()) metadata.image = string_in(own, "image-name");
        if (const std::string name = string_in(own, "name"); metadata.name.empty()) metadata.name = name;
      });
      return;
    }
  });
  return found;
}

std::string layer_in_containers_json(std::string_view text, std::string_view id) {
  std::string layer;
  with_object("{\"containers\":" + std::string(text) + "}", [&](const json::object& top) {
    const auto* value = member(top, "containers");
    const auto* list = value != nullptr ? value->if_array() : nullptr;
    if (list == nullptr) return;
    for (const json::value& one : *list) {
      const auto* container = one.if_object();
      if (container != nullptr && string_in(*container, "id") == id) layer = string_in(*container, "layer");
    }
  });
  return layer;
}

// Not conmon's own scope (PREFIX-conmon-ID.scope), and not what a container creates below itself.
std::optional<ContainerMatch> ContainersStorageRuntime::match(std::string_view path) const {
  const CgroupPath cgroup(path);
  if (contains_container_id(cgroup.parent().text())) return {};
  for (const std::string_view suffix : {".scope", ""}) {
    const std::string_view id = id_between(cgroup.name(), prefix_ + "-", suffix);
    if (!id.empty()) return ContainerMatch{std::string(id), true};
  }
  return {};
}

// Listed once for all containers of one refresh.
const std::vector<ContainersStorageRuntime::Storage>& ContainersStorageRuntime::storages() {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_search_) return storages_;
  next_search_ = now + std::chrono::milliseconds(100);
  storages_ = {{kRootRun, kRootGraph, exits_}};
  for (const User& user : users_with_runtime_directory(files_)) {
    storages_.push_back({"/run/user/" + user.uid + "/containers",
                         user.home.empty() ? std::string() : user.home + "/.local/share/containers/storage",
                         "/run/user/" + user.uid + "/libpod/tmp/exits"});
  }
  for (const Storage& storage : storages_) exit_files_.watch(storage.exits);
  return storages_;
}

Result<ContainersStorageRuntime::ContainerFiles> ContainersStorageRuntime::find_in(const Storage& storage,
                                                                                   const std::string& id) {
  Error error{ErrorKind::kUnsupported, ENOENT, storage.graph};
  for (const char* driver : kDrivers) {
    const std::string containers = "/" + std::string(driver) + "-containers";
    const std::string below = containers + "/" + id + "/userdata";
    for (const std::string& top : {storage.graph, storage.run}) {
      auto directory = files_.open(top + below, O_PATH | O_DIRECTORY);
      if (!directory && directory.error().kind == ErrorKind::kDenied) error = directory.error();
      if (!directory || faccessat(directory->get(), "config.json", F_OK, 0) != 0) continue;
      auto run = files_.open(storage.run + below, O_PATH | O_DIRECTORY);
      return ContainerFiles{top + below + "/config.json",
                            std::move(*directory),
                            storage.run + below,
                            run ? std::move(*run) : FileDescriptor(),
                            storage.graph + containers,
                            storage.graph,
                            driver,
                            storage.exits + "/" + id};
    }
  }
  return error;
}

Result<ContainersStorageRuntime::ContainerFiles> ContainersStorageRuntime::find(const std::string& id) {
  Error error{ErrorKind::kUnsupported, ENOENT, kRootGraph};
  for (const Storage& storage : storages()) {
    auto found = find_in(storage, id);
    if (found) return found;
    if (found.error().kind == ErrorKind::kDenied) error = found.error();
  }
  return error;
}

Runtime::MetadataSource ContainersStorageRuntime::metadata_source() const { return {kRootGraph, {}}; }

std::uint64_t ContainersStorageRuntime::revision(const std::string& id) {
  const auto found = find(id);
  if (!found) return 0;
  const std::uint64_t config = revision_of_files(found->config_directory.get(), {"config.json"});
  const std::uint64_t pid =
      found->run_directory.valid() ? revision_of_files(found->run_directory.get(), {"pidfile"}) : 0;
  return std::max<std::uint64_t>(config ^ (pid << 1), 1);
}

// The exit must be of the run named by the pid file: an older file belongs to an earlier
// run. conmon writes a file "oom" into the container's directory if the OOM killer killed
// it.
std::optional<ContainerExit> ContainersStorageRuntime::read_exit(const ContainerFiles& container) {
  const auto finished = modified_nsec(files_, container.exit_file);
  const auto text = files_.read(container.exit_file, kMaxExitBytes);
  const auto code = text ? parse_exit_file(*text) : std::nullopt;
  if (!finished || !code) return {};
  const std::uint64_t started = modified_nsec(files_, container.run + "/pidfile").value_or(*finished);
  if (*finished < started) return {};
  const bool oom_killed = faccessat(container.config_directory.get(), "oom", F_OK, 0) == 0;
  return ContainerExit{code, oom_killed, started, *finished};
}

// A user's directory says nothing about root's containers, whatever file names it has.
void ContainersStorageRuntime::handle_events() {
  for (const std::string& file : exit_files_.written()) {
    const std::string id = file.substr(file.rfind('/') + 1);
    if (!is_container_id(id)) continue;
    const auto found = find(id);
    if (!found || found->exit_file != file) continue;
    if (exits_read_.size() >= kMaxExitsKept) exits_read_.clear();
    if (const auto exit = read_exit(*found)) exits_read_[id] = *exit;
  }
}

std::optional<ContainerExit> ContainersStorageRuntime::exit_of(const std::string& id) {
  handle_events();
  if (const auto known = exits_read_.find(id); known != exits_read_.end()) return known->second;
  const auto found = find(id);
  return found ? read_exit(*found) : std::nullopt;
}

Result<ContainerDescription> ContainersStorageRuntime::describe(const std::string& id) {
  const auto found = find(id);
  if (!found) return found.error();
  const auto config = files_.read(found->config, kMaxFileBytes);
  if (!config) return config.error();
  ContainerDescription description;
  ContainerMetadata& metadata = description.metadata;
  if (!parse_oci_spec(*config, metadata)) return Error{ErrorKind::kMalformed, 0, found->config};
  // The second has containers that end with their process (--rm, --transient-store).
  for (const char* name : {"/containers.json", "/volatile-containers.json"}) {
    const auto containers = files_.read(found->names_directory + name, kMaxFileBytes);
    if (containers && parse_containers_json(*containers, id, metadata)) {
      metadata.layer_directory = containers_storage_layer_directory(
          found->graph, found->driver, layer_in_containers_json(*containers, id), root_path_of_oci_spec(*config));
      break;
    }
    if (!containers && containers.error().kind != ErrorKind::kUnsupported) description.incomplete = containers.error();
  }
  take_pid_file(files_, found->run + "/pidfile", metadata);
  return description;
}

}  // namespace tallyman
