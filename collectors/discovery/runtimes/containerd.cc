// containerd's own containers: Kubernetes' CRI, nerdctl, ctr, Nomad's driver, Kata. It also runs
// Docker's (namespace "moby"), which are left to Docker.
#include "collectors/discovery/runtimes/containerd.h"

#include "collectors/discovery/runtimes/container_files.h"
#include "collectors/discovery/runtimes/container_paths.h"
#include "collectors/discovery/runtimes/containerd_store.h"
#include "collectors/discovery/runtimes/host_daemons.h"
#include "collectors/discovery/runtimes/kubernetes.h"
#include "collectors/kernel/stats/cgroup_path.h"
#include "collectors/kernel/system/text.h"

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>
#include <vector>

namespace tallyman {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxFileBytes = std::size_t{64} * 1024;
constexpr std::chrono::seconds kFirstSearchInterval{15}, kLastSearchInterval{240};
constexpr std::string_view kPrefixes[] = {"cri-containerd", "nerdctl"};
constexpr std::string_view kKata = "kata_";
constexpr std::string_view kUnits[] = {".service", ".scope", ".slice", ".mount"};
constexpr std::string_view kSlicesOfSystemd[] = {"system.slice", "user.slice", "machine.slice"};
// containerd's own default, and the directories of k3s and RKE2, MicroK8s, Canonical's Kubernetes, k0s.
const std::vector<ContainerdPlace> kPlaces = {
    {"/run/containerd", {"/var/lib/containerd"}},
    {"/run/k3s/containerd", {"/var/lib/rancher/k3s/agent/containerd", "/var/lib/rancher/rke2/agent/containerd"}},
    {"/var/snap/microk8s/common/run/containerd", {"/var/snap/microk8s/common/var/lib/containerd"}},
    {"/var/snap/k8s/common/run/containerd", {"/var/snap/k8s/common/var/lib/containerd"}},
    {"/run/k0s/containerd", {"/var/lib/k0s/containerd"}}};

bool has_end_of(std::string_view name, std::span<const std::string_view> ends) {
  return std::any_of(ends.begin(), ends.end(), [name](std::string_view end) { return name.ends_with(end); });
}

bool is_containerd(std::string_view comm) { return comm == "containerd" || comm.starts_with("containerd-shim"); }

std::string directory_of(std::string_view file) {
  return std::string(file.substr(0, std::min(file.rfind('/'), file.size())));
}

// containerd's --state, else the directory of its socket, which each shim is given too.
std::vector<ContainerdPlace> places_of_daemons(const HostRoot& root) {
  std::vector<ContainerdPlace> places;
  for (const HostDaemon& daemon : host_daemons(root, is_containerd)) {
    ContainerdPlace place{argument_of(daemon.arguments, {"state"}), {}};
    if (place.state.empty()) place.state = directory_of(argument_of(daemon.arguments, {"address", "a"}));
    if (std::string data = argument_of(daemon.arguments, {"root"}); data.starts_with('/'))
      place.roots.push_back(std::move(data));
    if (place.state.starts_with('/')) places.push_back(std::move(place));
  }
  return places;
}

// Of the flags --containerd.state and --containerd.root, where they are there.
std::vector<ContainerdPlace> first_places(const std::string& state, const std::string& data) {
  std::vector<ContainerdPlace> places = kPlaces;
  if (!state.empty()) {
    const auto known =
        std::find_if(kPlaces.begin(), kPlaces.end(), [&](const ContainerdPlace& one) { return one.state == state; });
    places = {known == kPlaces.end() ? ContainerdPlace{state, {}} : *known};
  }
  if (data.empty()) return places;
  for (ContainerdPlace& place : places) place.roots = {data};
  return places;
}

// A user's containerd has a mount namespace of its own, in which its state is at the usual
// place: it is seen through the root of its first process. That process must be the user's, for
// another's root has the files of others.
std::optional<HostRoot> root_of_child(const HostRoot& root, RootedFiles& files, const std::string& pid_file,
                                      std::uint32_t uid) {
  const auto text = files.read(pid_file, kMaxFileBytes);
  const auto pid = text ? parse_pid_file(*text) : std::nullopt;
  if (!pid) return {};
  HostRoot proc;
  proc.rootfs = root.proc_path("");
  const auto cgroup = RootedFiles(proc).read("/" + std::to_string(*pid) + "/cgroup", kMaxFileBytes);
  if (!cgroup || cgroup->find("/user-" + std::to_string(uid) + ".slice/") == std::string::npos) return {};
  HostRoot child;
  child.rootfs = root.proc_path(std::to_string(*pid) + "/root");
  return child;
}

template <class T>
Result<T> ask_users_containerd(const HostRoot& root, RootedFiles& files, const UserFiles::Place& place,
                               std::uint32_t uid, const std::string& id,
                               Result<T> (*question)(ContainerdStore&, const std::string&)) {
  for (const std::string& pid_file :
       {place.run + "/containerd-rootless/child_pid", place.home + "/.rancher/k3s/rootless/child_pid"}) {
    const auto child = root_of_child(root, files, pid_file, uid);
    if (!child) continue;
    ContainerdStore store(RootedFiles(*child, {uid, {"/"}}), kPlaces);
    if (store.revision(id) != 0) return question(store, id);
  }
  ContainerdStore store(std::move(files), {{place.run + "/containerd", {place.home + "/.local/share/containerd"}}});
  return question(store, id);
}

class ContainerdRuntime final : public Runtime {
 public:
  ContainerdRuntime(const HostRoot& root, const std::string& state, std::shared_ptr<UserFiles> users,
                    const std::string& data)
      : root_(root),
        store_(RootedFiles(root), first_places(state, data)),
        only_state_(state),
        data_(data),
        users_(std::move(users)) {}

  std::string_view name() const override { return "containerd"; }
  std::optional<ContainerMatch> match(std::string_view path) const override;
  std::uint64_t revision(const ContainerRef& container) override;
  Result<ContainerDescription> describe(const ContainerRef& container) override;
  bool serves_users() const override { return true; }
  MetadataSource metadata_source() const override { return {store_.first_tasks(), "--containerd.state"}; }

 private:
  bool search();
  template <class T>
  Result<T> ask_user(const ContainerRef& container, Result<T> (*question)(ContainerdStore&, const std::string&));

  const HostRoot root_;
  ContainerdStore store_;         // root's
  const std::string only_state_;  // the flag's; empty: every containerd of this host
  const std::string data_;        // the flag's; empty: each has its own
  std::shared_ptr<UserFiles> users_;
  std::chrono::seconds search_interval_ = kFirstSearchInterval;
  Clock::time_point next_search_{};
};

// With systemd: PREFIX-ID.scope. With cgroupfs: kubepods/.../podUID/ID, and
// /NAMESPACE/ID, where the ids of ctr are arbitrary user input.
std::optional<ContainerMatch> ContainerdRuntime::match(std::string_view path) const {
  const CgroupPath cgroup(path);
  const std::string_view name = cgroup.name();
  for (const std::string_view prefix : kPrefixes) {
    const std::string_view id = id_in_name(name, prefix);
    if (!id.empty()) return ContainerMatch{std::string(id), true};
  }
  if (is_overhead_of_a_container(path)) return {};
  const bool in_a_pod = pod_by_path(cgroup.parent().text()).has_value();
  std::string_view id = id_between(name, kKata, "");
  if (id.empty()) id = id_in_name(name, "kata");
  if (!id.empty() || is_container_id(name)) {
    return ContainerMatch{std::string(id.empty() ? name : id), false, WorkloadKind::kContainer, in_a_pod};
  }
  // A unit of systemd's that is called so is not asked about each second; Nomad's namespace is a slice.
  const bool a_unit = has_end_of(name, kUnits);
  const bool of_systemd =
      a_unit && (!cgroup.parent().name().ends_with(".slice") || has_end_of(cgroup.parent().name(), kSlicesOfSystemd));
  if (cgroup.depth() != 2 || name.empty() || of_systemd) return {};
  return ContainerMatch{std::string(name), false};
}

// True if there is a state directory that was not known.
bool ContainerdRuntime::search() {
  const auto now = Clock::now();
  if (now < next_search_ || !(only_state_.empty() || store_.lacks_a_root())) return false;
  next_search_ = now + search_interval_;
  search_interval_ = std::min(search_interval_ * 2, kLastSearchInterval);
  bool found = false;
  for (ContainerdPlace& place : places_of_daemons(root_)) {
    if (!data_.empty()) place.roots = {data_};
    if (only_state_.empty() || place.state == only_state_) found = store_.add(place) || found;
  }
  return found;
}

template <class T>
Result<T> ContainerdRuntime::ask_user(const ContainerRef& container,
                                      Result<T> (*question)(ContainerdStore&, const std::string&)) {
  return users_->call<T>(*container.user, [root = root_, uid = *container.user, id = container.id, question](
                                              RootedFiles& files, const UserFiles::Place& place) {
    return ask_users_containerd(root, files, place, uid, id, question);
  });
}

std::uint64_t ContainerdRuntime::revision(const ContainerRef& container) {
  if (!container.made_by_user) {
    std::uint64_t revision = store_.revision(container.id);
    if (revision == 0 && search()) revision = store_.revision(container.id);
    if (revision != 0 || !container.user) return revision;
  }
  const auto answer = ask_user<std::uint64_t>(container, [](ContainerdStore& store, const std::string& id) {
    return Result<std::uint64_t>(store.revision(id));
  });
  return answer ? *answer : 0;
}

Result<ContainerDescription> ContainerdRuntime::describe(const ContainerRef& container) {
  if (!container.made_by_user) {
    if (store_.lacks_a_root()) search();
    auto description = store_.describe(container.id);
    const bool missing = !description && description.error().kind == ErrorKind::kUnsupported;
    if (!missing || !container.user) return description;
  }
  auto description = ask_user<ContainerDescription>(
      container, [](ContainerdStore& store, const std::string& id) { return store.describe(id); });
  if (description) description->metadata.claimed_by = container.user;
  return description;
}

}  // namespace

std::unique_ptr<Runtime> make_containerd_runtime(const HostRoot& root, const std::string& state,
                                                 std::shared_ptr<UserFiles> users, const std::string& data) {
  if (!users) users = std::make_shared<UserFiles>(root);
  return std::make_unique<ContainerdRuntime>(root, state, std::move(users), data);
}

}  // namespace tallyman
