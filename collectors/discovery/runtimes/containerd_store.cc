#include "collectors/discovery/runtimes/containerd_store.h"

#include "collectors/discovery/runtimes/bolt_file.h"
#include "collectors/discovery/runtimes/container_files.h"
#include "collectors/discovery/runtimes/oci_spec.h"
#include "collectors/kernel/system/wall_clock.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <span>
#include <string_view>
#include <utility>

namespace tallyman {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{4} * 1024 * 1024;
constexpr std::size_t kMaxNamespaces = 64;
constexpr std::size_t kMaxStates = 16;
constexpr const char* kTasks = "/io.containerd.runtime.v2.task";
constexpr const char* kDatabase = "/io.containerd.metadata.v1.bolt/meta.db";

// ctr's ids are names, and so are Nomad's, which look like a unit.
std::string name_of_id(std::string_view id) {
  constexpr std::string_view kScope = ".scope";
  if (id.ends_with(kScope)) id.remove_suffix(kScope.size());
  return std::string(id);
}

}  // namespace

ContainerdStore::ContainerdStore(RootedFiles files, const std::vector<ContainerdPlace>& places)
    : files_(std::move(files)) {
  for (const ContainerdPlace& place : places) add(place);
}

bool ContainerdStore::add(const ContainerdPlace& place) {
  std::string tasks = place.state + kTasks;
  const auto known = std::find_if(states_.begin(), states_.end(), [&](const State& one) { return one.tasks == tasks; });
  if (known != states_.end()) {
    if (known->roots.empty()) known->roots = place.roots;
    return false;
  }
  if (states_.size() >= kMaxStates) return false;
  states_.push_back({std::move(tasks), place.roots, {}, 0});
  return true;
}

bool ContainerdStore::lacks_a_root() const {
  return std::any_of(states_.begin(), states_.end(), [](const State& state) { return state.roots.empty(); });
}

// A change within one clock tick after a listing leaves the directory's time unchanged:
// the list is complete only if the time was older when it was listed.
void ContainerdStore::follow(State& state) {
  constexpr std::int64_t kTickNsec = 100'000'000;
  auto directory = files_.open(state.tasks, O_RDONLY | O_DIRECTORY);
  struct stat facts {};
  if (!directory || fstat(directory->get(), &facts) != 0) {
    state.namespaces.clear();
    state.whole_as_of_nsec = 0;
    return;
  }
  const std::int64_t changed_nsec = facts.st_mtim.tv_sec * 1'000'000'000 + facts.st_mtim.tv_nsec;
  if (state.whole_as_of_nsec == changed_nsec) return;
  const auto now_nsec = static_cast<std::int64_t>(wall_clock_nsec());
  state.whole_as_of_nsec = now_nsec - changed_nsec > kTickNsec ? changed_nsec : 0;
  state.namespaces.clear();
  DIR* listing = fdopendir(directory->get());
  if (listing == nullptr) return;
  directory->release();
  while (const dirent* entry = readdir(listing)) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == ".." || name == "moby" || state.namespaces.size() >= kMaxNamespaces) continue;
    state.namespaces.push_back(state.tasks + "/" + std::string(name));
  }
  closedir(listing);
  std::sort(state.namespaces.begin(), state.namespaces.end());
}

Result<ContainerdStore::Bundle> ContainerdStore::find(const std::string& id) {
  Error error{ErrorKind::kUnsupported, ENOENT, states_.front().tasks};
  for (State& state : states_) {
    follow(state);
    for (const std::string& space : state.namespaces) {
      std::string path = space + "/" + id;
      auto directory = files_.open(path, O_PATH | O_DIRECTORY);
      if (directory) return Bundle{std::move(path), std::move(*directory), state.roots};
      if (directory.error().kind == ErrorKind::kDenied) error = directory.error();
    }
  }
  return error;
}

std::uint64_t ContainerdStore::revision(const std::string& id) {
  const auto bundle = find(id);
  return bundle ? revision_of_files(bundle->directory.get(), {"config.json", "init.pid"}) : 0;
}

Result<ContainerDescription> ContainerdStore::describe(const std::string& id) {
  const auto bundle = find(id);
  if (!bundle) return bundle.error();
  const std::string config_path = bundle->path + "/config.json";
  const auto config = files_.read(config_path, kMaxFileBytes);
  if (!config) return config.error();
  ContainerDescription description;
  ContainerMetadata& metadata = description.metadata;
  if (!parse_oci_spec(*config, metadata)) return Error{ErrorKind::kMalformed, 0, config_path};
  if (metadata.kubernetes) metadata.name = id;  // a container's own name is not unique on a node
  if (metadata.name.empty() && !is_container_id(id)) metadata.name = name_of_id(id);
  take_pid_file(files_, bundle->path + "/init.pid", metadata);
  take_labels_and_image(*bundle, description);
  return description;
}

// The bundle has the annotations alone. Labels are what the user gave, what the image has, and
// for a sandbox those of its pod (containerd's metadata/buckets.go, CRI's helpers). The name of
// the image is an annotation where a CRI or nerdctl made the container, and else here.
void ContainerdStore::take_labels_and_image(const Bundle& bundle, ContainerDescription& description) {
  const std::string_view path = bundle.path;
  const std::size_t last = path.rfind('/'), before = path.rfind('/', last - 1);
  const std::string_view keys[] = {"v1", path.substr(before + 1, last - before - 1), "containers",
                                   path.substr(last + 1), "labels"};
  const std::span<const std::string_view> of_labels = keys, of_container = of_labels.first(4);
  for (const std::string& root : bundle.roots) {
    const auto file = files_.open(root + kDatabase, O_RDONLY | O_NONBLOCK);
    if (!file) continue;  // it is not mounted here, or not ours to read
    auto facts = read_bolt_bucket(*file, of_container);
    auto labels = facts ? read_bolt_bucket(*file, of_labels) : facts;
    if (labels) description.metadata.labels.merge(*labels);
    if (facts && description.metadata.image.empty()) description.metadata.image = (*facts)["image"];
    if (facts && labels) return;
    const Error& error = facts ? labels.error() : facts.error();
    if (error.kind == ErrorKind::kUnsupported) continue;  // another containerd's, or there are no labels
    description.incomplete = error;
    description.incomplete->where = root + kDatabase;
  }
}

}  // namespace tallyman
