#include "collectors/discovery/tree/directory_watcher.h"

#include "collectors/kernel/stats/cgroup_path.h"
#include "collectors/kernel/system/inotify_events.h"

#include <sys/inotify.h>

#include <cerrno>
#include <utility>

namespace tallyman {
namespace {

constexpr std::uint32_t kMask = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR;
constexpr int kMaxReads = 16;  // the queue of 16,384 events holds about this much

Error no_watch_left(std::size_t have) {
  return Error{ErrorKind::kIo, ENOSPC,
               "inotify gives no more than " + std::to_string(have) +
                   " watches: raise fs.inotify.max_user_watches (sysctl -w fs.inotify.max_user_watches=524288)"};
}

}  // namespace

Result<DirectoryWatcher> DirectoryWatcher::open(std::size_t max_watches) {
  FileDescriptor fd(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (fd.valid()) return DirectoryWatcher(std::move(fd), max_watches);
  const int code = errno;
  if (code == EMFILE) {
    return Error{ErrorKind::kIo, code,
                 "inotify gives no instance: raise fs.inotify.max_user_instances "
                 "(sysctl -w fs.inotify.max_user_instances=1024) or the limit of open files"};
  }
  return error_from_errno(code, "inotify");
}

Result<void> DirectoryWatcher::add(std::uint8_t tag, const std::string& path, const std::string& directory,
                                   bool follow_symlink) {
  const std::uint32_t mask = follow_symlink ? kMask : kMask | IN_DONT_FOLLOW;
  const int watch = inotify_add_watch(fd_.get(), directory.c_str(), mask);
  if (watch < 0) {
    if (errno == ENOSPC || errno == ENOMEM) return no_watch_left(watches_.size());
    return error_from_errno(errno, directory);
  }
  if (watches_.size() >= max_watches_ && !watches_.contains(watch)) {
    inotify_rm_watch(fd_.get(), watch);
    return no_watch_left(max_watches_);
  }
  Watch& kept = watches_[watch];
  kept.generation = generation_;
  kept.tag = tag;
  if (kept.path != path) kept.path = path;
  const auto named = by_path_.try_emplace(key(tag, path), watch).first;
  const int before = std::exchange(named->second, watch);
  // Recreated under the same path: the kernel keeps a removed cgroup for as long as it is watched.
  const auto old = watches_.find(before);
  if (before != watch && old != watches_.end() && old->second.path == path && old->second.tag == tag) {
    inotify_rm_watch(fd_.get(), before);
    drop(old);
  }
  return {};
}

void DirectoryWatcher::forget(std::uint8_t tag, const std::string& path) {
  const auto named = by_path_.find(key(tag, path));
  if (named == by_path_.end()) return;
  inotify_rm_watch(fd_.get(), named->second);
  const auto watch = watches_.find(named->second);
  watch == watches_.end() ? void(by_path_.erase(named)) : drop(watch);
}

void DirectoryWatcher::drop(std::unordered_map<int, Watch>::iterator watch) {
  const auto named = by_path_.find(key(watch->second.tag, watch->second.path));
  if (named != by_path_.end() && named->second == watch->first) by_path_.erase(named);
  watches_.erase(watch);
}

DirectoryWatcher::Batch DirectoryWatcher::read() {
  Batch batch;
  read_inotify_events(fd_.get(), kMaxReads, [&](int watch, std::uint32_t mask, std::string_view name) {
    take_event(watch, mask, name, batch);
  });
  return batch;
}

void DirectoryWatcher::take_event(int watch, std::uint32_t mask, std::string_view name, Batch& batch) {
  if ((mask & IN_Q_OVERFLOW) != 0) {
    batch.overflowed = true;
    return;
  }
  if ((mask & IN_UNMOUNT) != 0) batch.stale = true;
  const auto found = watches_.find(watch);
  if (found == watches_.end()) return;
  if ((mask & IN_IGNORED) != 0) {
    drop(found);
    return;
  }
  if ((mask & IN_ISDIR) == 0 || name.empty()) return;
  if ((mask & (IN_MOVED_FROM | IN_MOVED_TO)) != 0) batch.stale = true;
  DirectoryEvent event{(mask & (IN_CREATE | IN_MOVED_TO)) != 0, found->second.tag,
                       CgroupPath(found->second.path).child(name)};
  batch.events.push_back(std::move(event));
}

void DirectoryWatcher::end_renewal() {
  for (auto it = watches_.begin(); it != watches_.end();) {
    if (it->second.generation == generation_) {
      ++it;
    } else {
      inotify_rm_watch(fd_.get(), it->first);  // fails if the directory is gone, which is fine
      drop(it++);
    }
  }
}

}  // namespace tallyman
