#include "collectors/discovery/runtimes/storage_files.h"

#include "collectors/discovery/runtimes/container_files.h"
#include "collectors/discovery/runtimes/json_facts.h"
#include "collectors/discovery/runtimes/layer_directories.h"
#include "collectors/discovery/runtimes/oci_spec.h"
#include "collectors/kernel/system/rfc3339.h"
#include "collectors/kernel/system/text.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace tallyman {
namespace {

using namespace json_facts;

constexpr std::size_t kMaxFileBytes = std::size_t{16} * 1024 * 1024;
constexpr std::size_t kMaxExitBytes = 64;
constexpr const char* kDrivers[] = {"overlay", "vfs", "btrfs", "zfs"};

// A number of one byte, as conmon writes it: 128 plus the signal if one ended it.
std::optional<std::int64_t> parse_exit_file(std::string_view text) {
  return to_number<std::uint8_t>(text.substr(0, text.find('\n')));
}

// Visits the container with this id; false if there is none.
template <class Visit>
bool with_container(std::string_view text, std::string_view id, Visit visit) {
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
      visit(*container);
      return;
    }
  });
  return found;
}

}  // namespace

bool parse_containers_json(std::string_view text, std::string_view id, ContainerMetadata& metadata) {
  return with_container(text, id, [&](const json::object& container) {
    const auto names = strings_in(container, "names");
    if (!names.empty() && metadata.name.empty()) metadata.name = names.front();
    metadata.created_nsec = parse_rfc3339_nsec(string_in(container, "created"));
    // Podman's and CRI-O's own record, as JSON in a string.
    with_object(string_in(container, "metadata"), [&](const json::object& own) {
      if (metadata.image.empty()) metadata.image = string_in(own, "image-name");
      if (const std::string name = string_in(own, "name"); metadata.name.empty()) metadata.name = name;
    });
  });
}

std::string layer_in_containers_json(std::string_view text, std::string_view id) {
  std::string layer;
  with_container(text, id, [&](const json::object& container) { layer = string_in(container, "layer"); });
  return layer;
}

StoragePlaces root_storage(std::string exits) {
  return {"/run/containers/storage", "/var/lib/containers/storage", std::move(exits)};
}

StoragePlaces user_storage(const std::string& home, const std::string& run) {
  return {run + "/containers", home.empty() ? std::string() : home + "/.local/share/containers/storage",
          run + "/libpod/tmp/exits"};
}

Result<StorageFiles::ContainerFiles> StorageFiles::find(const std::string& id) {
  Error error{ErrorKind::kUnsupported, ENOENT, places_.graph};
  for (const char* driver : kDrivers) {
    const std::string containers = "/" + std::string(driver) + "-containers";
    const std::string below = containers + "/" + id + "/userdata";
    for (const std::string& top : {places_.graph, places_.run}) {
      auto directory = files_.open(top + below, O_PATH | O_DIRECTORY);
      if (!directory && directory.error().kind == ErrorKind::kDenied) error = directory.error();
      if (!directory || faccessat(directory->get(), "config.json", F_OK, AT_SYMLINK_NOFOLLOW) != 0) continue;
      auto run = files_.open(places_.run + below, O_PATH | O_DIRECTORY);
      return ContainerFiles{top + below + "/config.json", std::move(*directory),
                            places_.run + below,          run ? std::move(*run) : FileDescriptor(),
                            places_.graph + containers,   driver};
    }
  }
  return error;
}

std::uint64_t StorageFiles::revision(const std::string& id) {
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
std::optional<ContainerExit> StorageFiles::read_exit(const std::string& id) {
  const auto container = find(id);
  if (!container) return {};
  const std::string exit_file = places_.exits + "/" + id;
  const auto finished = modified_nsec(files_, exit_file);
  const auto text = files_.read(exit_file, kMaxExitBytes);
  const auto code = text ? parse_exit_file(*text) : std::nullopt;
  if (!finished || !code) return {};
  const std::uint64_t started = modified_nsec(files_, container->run + "/pidfile").value_or(*finished);
  if (*finished < started) return {};
  const bool oom_killed = faccessat(container->config_directory.get(), "oom", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
  return ContainerExit{code, oom_killed, started, *finished};
}

Result<ContainerDescription> StorageFiles::describe(const std::string& id) {
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
          places_.graph, found->driver, layer_in_containers_json(*containers, id), root_path_of_oci_spec(*config));
      break;
    }
    if (!containers && containers.error().kind != ErrorKind::kUnsupported) description.incomplete = containers.error();
  }
  take_pid_file(files_, found->run + "/pidfile", metadata);
  return description;
}

}  // namespace tallyman
