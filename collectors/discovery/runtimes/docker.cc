#include "collectors/discovery/runtimes/docker.h"

#include "collectors/discovery/runtimes/container_files.h"
#include "collectors/discovery/runtimes/container_paths.h"
#include "collectors/discovery/runtimes/docker_places.h"
#include "collectors/discovery/runtimes/docker_store.h"
#include "collectors/kernel/stats/cgroup_path.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace tallyman {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kSearchInterval{1};
constexpr std::chrono::seconds kFirstThoroughInterval{15}, kLastThoroughInterval{240};

class DockerRuntime final : public Runtime {
 public:
  DockerRuntime(HostRoot root, std::string data_root, std::shared_ptr<UserFiles> users)
      : root_(std::move(root)),
        files_(root_),
        given_data_root_(std::move(data_root)),
        users_(std::move(users)),
        store_(files_of_root(), {}) {}

  std::string_view name() const override { return "docker"; }
  std::optional<ContainerMatch> match(std::string_view path) const override;
  std::uint64_t revision(const ContainerRef& container) override;
  Result<ContainerDescription> describe(const ContainerRef& container) override;
  bool serves_users() const override { return true; }
  MetadataSource metadata_source() const override {
    const auto& known = store_.containers_directories();
    return {known.empty() ? "/var/lib/docker/containers" : known.front(), "--docker.root"};
  }

 private:
  RootedFiles files_of_root() const { return RootedFiles(root_); }
  void search();
  bool find(const std::string& id);
  template <class T>
  Result<T> ask_user(const ContainerRef& container, Result<T> (*question)(DockerStore&, const std::string&));

  const HostRoot root_;
  RootedFiles files_;
  std::string given_data_root_;
  std::shared_ptr<UserFiles> users_;
  DockerStore store_;  // root's
  std::vector<std::string> found_thoroughly_;
  std::optional<Error> config_error_;
  std::chrono::seconds thorough_interval_ = kFirstThoroughInterval;
  Clock::time_point next_search_{}, next_thorough_{};
};

std::optional<ContainerMatch> DockerRuntime::match(std::string_view path) const {
  const CgroupPath cgroup(path), parent = cgroup.parent();
  if (is_container_id(cgroup.name()) && !is_overhead_of_a_container(path)) {
    return ContainerMatch{std::string(cgroup.name()), parent.name() == "docker"};
  }
  const std::string_view id = id_in_name(cgroup.name(), "docker");
  if (id.empty()) return {};
  return ContainerMatch{std::string(id), true};
}

// All places at first, and again while a container is in none of them.
void DockerRuntime::search() {
  const auto now = Clock::now();
  config_error_.reset();
  if (!given_data_root_.empty()) {
    store_ = DockerStore(files_of_root(), {given_data_root_});
    return;
  }
  const bool thorough = now >= next_thorough_;
  if (thorough) {
    next_thorough_ = now + thorough_interval_;
    thorough_interval_ = std::min(thorough_interval_ * 2, kLastThoroughInterval);
  }
  DockerPlaces places = docker_places(root_, files_, thorough);
  config_error_ = places.error;
  if (thorough) {
    found_thoroughly_ = places.data_roots;
  } else {
    for (const std::string& known : found_thoroughly_) {
      const auto& roots = places.data_roots;
      if (std::find(roots.begin(), roots.end(), known) == roots.end()) places.data_roots.push_back(known);
    }
  }
  store_ = DockerStore(files_of_root(), places.data_roots);
}

bool DockerRuntime::find(const std::string& id) {
  if (store_.has(id)) return true;
  const auto now = Clock::now();
  if (now < next_search_) return false;
  next_search_ = now + kSearchInterval;
  search();
  return store_.has(id);
}

template <class T>
Result<T> DockerRuntime::ask_user(const ContainerRef& container,
                                  Result<T> (*question)(DockerStore&, const std::string&)) {
  return users_->call<T>(*container.user,
                         [id = container.id, question](RootedFiles& files, const UserFiles::Place& place) -> Result<T> {
                           std::string data_root = docker_root_of_user(files, place.home);
                           DockerStore store(std::move(files), {std::move(data_root)});
                           return question(store, id);
                         });
}

std::uint64_t DockerRuntime::revision(const ContainerRef& container) {
  if (!container.made_by_user && find(container.id)) return store_.revision(container.id);
  if (!container.user) return 0;
  const auto answer = ask_user<std::uint64_t>(
      container, [](DockerStore& store, const std::string& id) { return Result<std::uint64_t>(store.revision(id)); });
  return answer ? *answer : 0;
}

Result<ContainerDescription> DockerRuntime::describe(const ContainerRef& container) {
  if (!container.made_by_user) {
    find(container.id);
    auto description = store_.describe(container.id);
    const bool missing = !description && description.error().kind == ErrorKind::kUnsupported;
    if (missing && !container.user && config_error_) return *config_error_;
    if (!missing || !container.user) return description;
  }
  auto description = ask_user<ContainerDescription>(
      container, [](DockerStore& store, const std::string& id) { return store.describe(id); });
  if (description) description->metadata.claimed_by = container.user;
  return description;
}

}  // namespace

std::unique_ptr<Runtime> make_docker_runtime(const HostRoot& root, std::string data_root,
                                             std::shared_ptr<UserFiles> users) {
  if (!users) users = std::make_shared<UserFiles>(root);
  return std::make_unique<DockerRuntime>(root, std::move(data_root), std::move(users));
}

}  // namespace tallyman
