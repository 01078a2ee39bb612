// containerd's own containers: Kubernetes' CRI, nerdctl, ctr. It also runs Docker's
// (namespace "moby"), which are left to Docker.
#include "collectors/discovery/runtimes/containerd.h"

#include "collectors/discovery/runtimes/container_files.h"
#include "collectors/discovery/runtimes/oci_spec.h"
#include "collectors/kernel/stats/cgroup_path.h"
#include "collectors/kernel/system/rooted_files.h"
#include "collectors/kernel/system/wall_clock.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <vector>

namespace tallyman {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{4} * 1024 * 1024;
constexpr std::size_t kMaxNamespaces = 64;
constexpr std::string_view kScopePrefixes[] = {"cri-containerd-", "nerdctl-"};
// containerd's own default, and the directories of k3s, RKE2 and MicroK8s.
constexpr const char* kStateDirectories[] = {"/run/containerd", "/run/k3s/containerd",
                                             "/var/snap/microk8s/common/run/containerd"};
constexpr const char* kTasks = "/io.containerd.runtime.v2.task";

class ContainerdRuntime final : public Runtime {
 public:
  ContainerdRuntime(const HostRoot& root, const std::string& state) : files_(root) {
    if (!state.empty()) {
      states_.push_back({state + kTasks, {}, 0});
      return;
    }
    for (const char* one : kStateDirectories) {
      states_.push_back({one + std::string(kTasks), {}, 0});
    }
  }

  std::string_view name() const override { return "containerd"; }
  std::optional<ContainerMatch> match(std::string_view path) const override;
  std::uint64_t revision(const std::string& id) override;
  Result<ContainerDescription> describe(const std::string& id) override;
  MetadataSource metadata_source() const override { return {states_.front().tasks, "--containerd.state"}; }

 private:
  struct Bundle {
    std::string path;
    FileDescriptor directory;
  };
  struct State {
    std::string tasks;                    // its directory of namespaces
    std::vector<std::string> namespaces;  // paths, sorted
    std::int64_t whole_as_of_nsec = 0;    // the directory's time for which `namespaces` is complete; 0: list it again
  };
  void follow(State& state);
  Result<Bundle> find(const std::string& id);

  RootedFiles files_;
  std::vector<State> states_;
};

// With systemd: PREFIX-ID.scope. With cgroupfs: kubepods/.../podUID/ID, and
// /NAMESPACE/ID, where the ids of ctr are arbitrary user input.
std::optional<ContainerMatch> ContainerdRuntime::match(std::string_view path) const {
  const CgroupPath cgroup(path);
  const std::string_view name = cgroup.name();
  if (contains_container_id(cgroup.parent().text())) return {};
  for (const std::string_view prefix : kScopePrefixes) {
    const std::string_view id = id_between(name, prefix, ".scope");
    if (!id.empty()) return ContainerMatch{std::string(id), true};
  }
  const bool below_a_namespace = cgroup.depth() == 2;
  const bool a_unit =
      name.ends_with(".service") || name.ends_with(".scope") || name.ends_with(".slice") || name.ends_with(".mount");
  if (is_container_id(name) || (below_a_namespace && !a_unit && !name.empty())) {
    return ContainerMatch{std::string(name), false};
  }
  return {};
}

// A change within one clock tick after a listing leaves the directory's time unchanged:
// the list is complete only if the time was older when it was listed.
void ContainerdRuntime::follow(State& state) {
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

Result<ContainerdRuntime::Bundle> ContainerdRuntime::find(const std::string& id) {
  Error error{ErrorKind::kUnsupported, ENOENT, states_.front().tasks};
  for (State& state : states_) {
    follow(state);
    for (const std::string& space : state.namespaces) {
      std::string path = space + "/" + id;
      auto directory = files_.open(path, O_PATH | O_DIRECTORY);
      if (directory) return Bundle{std::move(path), std::move(*directory)};
      if (directory.error().kind == ErrorKind::kDenied) error = directory.error();
    }
  }
  return error;
}

std::uint64_t ContainerdRuntime::revision(const std::string& id) {
  const auto bundle = find(id);
  return bundle ? revision_of_files(bundle->directory.get(), {"config.json", "init.pid"}) : 0;
}

Result<ContainerDescription> ContainerdRuntime::describe(const std::string& id) {
  const auto bundle = find(id);
  if (!bundle) return bundle.error();
  const std::string config_path = bundle->path + "/config.json";
  const auto config = files_.read(config_path, kMaxFileBytes);
  if (!config) return config.error();
  ContainerDescription description;
  ContainerMetadata& metadata = description.metadata;
  if (!parse_oci_spec(*config, metadata)) return Error{ErrorKind::kMalformed, 0, config_path};
  if (metadata.name.empty() && !is_container_id(id)) metadata.name = id;  // ctr's ids are names
  take_pid_file(files_, bundle->path + "/init.pid", metadata);
  return description;
}

}  // namespace

std::unique_ptr<Runtime> make_containerd_runtime(const HostRoot& root, const std::string& state) {
  return std::make_unique<ContainerdRuntime>(root, state);
}

}  // namespace tallyman
