#include "collectors/discovery/runtimes/containers_storage.h"

#include "collectors/discovery/runtimes/container_files.h"
#include "collectors/kernel/stats/cgroup_path.h"

#include <fcntl.h>

namespace tallyman {
namespace {

constexpr std::size_t kMaxExitsKept = 4'096;

}  // namespace

ContainersStorageRuntime::ContainersStorageRuntime(const HostRoot& root, std::string name,
                                                   std::initializer_list<std::string_view> prefixes,
                                                   const std::string& exits, std::shared_ptr<UserFiles> users)
    : exit_files_(root.rootfs),
      name_(std::move(name)),
      prefixes_(prefixes.begin(), prefixes.end()),
      users_(std::move(users)),
      of_root_(RootedFiles(root), root_storage(exits)) {}

// Not conmon's own scope, PREFIX-conmon-ID.scope.
std::optional<ContainerMatch> ContainersStorageRuntime::match(std::string_view path) const {
  for (const std::string& prefix : prefixes_) {
    const std::string_view id = id_in_name(CgroupPath(path).name(), prefix);
    if (!id.empty()) return ContainerMatch{std::string(id), true};
  }
  return {};
}

template <class T>
Result<T> ContainersStorageRuntime::ask_user(const ContainerRef& container,
                                             Result<T> (*question)(StorageFiles&, const std::string&)) {
  return users_->call<T>(*container.user,
                         [id = container.id, question](RootedFiles& files, const UserFiles::Place& place) -> Result<T> {
                           StorageFiles storage(std::move(files), user_storage(place.home, place.run));
                           return question(storage, id);
                         });
}

Runtime::MetadataSource ContainersStorageRuntime::metadata_source() const { return {of_root_.places().graph, {}}; }

// Before the container ends: its exit code is there for a moment only.
void ContainersStorageRuntime::watch_exits_of(std::uint32_t uid) {
  const std::string directory = user_storage({}, "/run/user/" + std::to_string(uid)).exits;
  if (exit_files_.watches(directory)) return;
  const auto watch = users_->call<int>(
      uid, [inotify = exit_files_.shared_fd(), directory](RootedFiles& files, const UserFiles::Place&) -> Result<int> {
        const auto opened = files.open(directory, O_RDONLY | O_DIRECTORY);
        if (!opened) return opened.error();
        return ExitFiles::add_watch(*inotify, "/proc/self/fd/" + std::to_string(opened->get()));
      });
  if (watch) exit_files_.take(*watch, directory, uid);
}

std::uint64_t ContainersStorageRuntime::revision(const ContainerRef& container) {
  if (!container.made_by_user) {
    exit_files_.watch(of_root_.places().exits);
    const std::uint64_t revision = of_root_.revision(container.id);
    if (revision != 0 || !container.user || !users_) return revision;
  }
  watch_exits_of(*container.user);
  const auto answer = ask_user<std::uint64_t>(container, [](StorageFiles& storage, const std::string& id) {
    return Result<std::uint64_t>(storage.revision(id));
  });
  return answer ? *answer : 0;
}

std::optional<ContainerExit> ContainersStorageRuntime::read_exit(const ContainerRef& container) {
  if (!container.user) return of_root_.read_exit(container.id);
  const auto answer =
      ask_user<std::optional<ContainerExit>>(container, [](StorageFiles& storage, const std::string& id) {
        return Result<std::optional<ContainerExit>>(storage.read_exit(id));
      });
  return answer ? *answer : std::nullopt;
}

// A user's directory says nothing about root's containers, whatever file names it has.
void ContainersStorageRuntime::handle_events() {
  for (const ExitFiles::Written& file : exit_files_.written()) {
    if (!is_container_id(file.name)) continue;
    if (exits_read_.size() >= kMaxExitsKept) exits_read_.clear();
    if (const auto exit = read_exit({file.name, file.user, file.user.has_value()}))
      exits_read_[{file.user, file.name}] = *exit;
  }
}

std::optional<ContainerExit> ContainersStorageRuntime::exit_of(const ContainerRef& container) {
  handle_events();
  const auto known = [&](std::optional<std::uint32_t> user) -> std::optional<ContainerExit> {
    if (const auto read = exits_read_.find({user, container.id}); read != exits_read_.end()) return read->second;
    return read_exit({container.id, user, user.has_value()});
  };
  const auto of_root = container.made_by_user ? std::nullopt : known({});
  return of_root || !container.user || !users_ ? of_root : known(container.user);
}

// CRI-O is Kubernetes', and its containers' own names are not unique on a node. Podman uses some
// of the same annotations.
void ContainersStorageRuntime::finish(const ContainerRef& container, ContainerMetadata& metadata) const {
  if (users_ != nullptr) {
    metadata.kubernetes.reset();
  } else if (metadata.kubernetes) {
    metadata.name = container.id;
  }
}

Result<ContainerDescription> ContainersStorageRuntime::describe(const ContainerRef& container) {
  if (!container.made_by_user) {
    exit_files_.watch(of_root_.places().exits);
    auto description = of_root_.describe(container.id);
    if (description) finish(container, description->metadata);
    const bool missing = !description && description.error().kind == ErrorKind::kUnsupported;
    if (!missing || !container.user || !users_) return description;
  }
  auto description = ask_user<ContainerDescription>(
      container, [](StorageFiles& storage, const std::string& id) { return storage.describe(id); });
  if (description) description->metadata.claimed_by = container.user;
  return description;
}

}  // namespace tallyman
