// containerd's own containers: Kubernetes' CRI, nerdctl, ctr. Docker's, which it
// runs too (namespace "moby"), are Docker's.
#include "collectors/discovery/container_files.h"
#include "collectors/discovery/oci_spec.h"
#include "collectors/discovery/rooted_files.h"
#include "collectors/discovery/runtime.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <iterator>
#include <vector>

namespace tallyman {
namespace {

constexpr std::size_t kMaxFileBytes = 4 * 1024 * 1024;
constexpr std::size_t kMaxNamespaces = 64;
constexpr std::string_view kScopePrefixes[] = {"cri-containerd-", "nerdctl-"};
// containerd's own default, and where k3s, RKE2 and MicroK8s have theirs.
constexpr const char* kStateDirectories[] = {"/run/containerd", "/run/k3s/containerd",
                                             "/var/snap/microk8s/common/run/containerd"};
constexpr const char* kTasks = "/io.containerd.runtime.v2.task";

class ContainerdRuntime final : public Runtime {
 public:
  ContainerdRuntime(const HostRoot& root, const std::string& state) : files_(root) {
    if (state.empty()) {
      states_.assign(std::begin(kStateDirectories), std::end(kStateDirectories));
    } else {
      states_ = {state};
    }
  }

  std::string_view name() const override { return "containerd"; }
  std::optional<ContainerMatch> match(std::string_view path) const override;
  std::uint64_t revision(const std::string& id) override;
  Result<ContainerDescription> describe(const std::string& id) override;

 private:
  struct Bundle {
    std::string path;
    FileDescriptor directory;
  };
  Result<Bundle> find(const std::string& id);
  const std::vector<std::string>& namespaces();  // directories of bundles, looked up at most ten times a second

  RootedFiles files_;
  std::vector<std::string> states_;
  std::vector<std::string> namespaces_;
  std::chrono::steady_clock::time_point next_search_{};
};

// With systemd: PREFIX-ID.scope. With cgroupfs: kubepods/.../podUID/ID, and
// /NAMESPACE/ID, in which ctr's ids are whatever the user typed.
std::optional<ContainerMatch> ContainerdRuntime::match(std::string_view path) const {
  const auto split = split_path(path);
  if (!split || contains_container_id(split->above)) return {};
  for (const std::string_view prefix : kScopePrefixes) {
    const std::string_view id = id_between(split->name, prefix, ".scope");
    if (!id.empty()) return ContainerMatch{std::string(id), true};
  }
  const bool below_a_namespace = split->above.size() > 1 && split->above.rfind('/') == 0;
  const bool a_unit = split->name.ends_with(".service") || split->name.ends_with(".scope") ||
                      split->name.ends_with(".slice") || split->name.ends_with(".mount");
  if (is_container_id(split->name) || (below_a_namespace && !a_unit && !split->name.empty())) {
    return ContainerMatch{std::string(split->name), false};
  }
  return {};
}

const std::vector<std::string>& ContainerdRuntime::namespaces() {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_search_) return namespaces_;
  next_search_ = now + std::chrono::milliseconds(100);
  namespaces_.clear();
  for (const std::string& state : states_) {
    auto directory = files_.open(state + kTasks, O_RDONLY | O_DIRECTORY);
    DIR* listing = directory ? fdopendir(directory->get()) : nullptr;
    if (listing == nullptr) continue;
    directory->release();
    while (const dirent* entry = readdir(listing)) {
      const std::string_view name = entry->d_name;
      if (name == "." || name == ".." || name == "moby" || namespaces_.size() >= kMaxNamespaces) continue;
      namespaces_.push_back(state + kTasks + "/" + std::string(name));
    }
    closedir(listing);
  }
  std::sort(namespaces_.begin(), namespaces_.end());
  return namespaces_;
}

Result<ContainerdRuntime::Bundle> ContainerdRuntime::find(const std::string& id) {
  Error error{ErrorKind::kUnsupported, ENOENT, states_.front()};
  for (const std::string& space : namespaces()) {
    std::string path = space + "/" + id;
    auto directory = files_.open(path, O_PATH | O_DIRECTORY);
    if (directory) return Bundle{std::move(path), std::move(*directory)};
    if (directory.error().kind == ErrorKind::kDenied) error = std::move(directory.error());
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
