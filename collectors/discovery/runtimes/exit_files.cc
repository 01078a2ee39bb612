#include "collectors/discovery/runtimes/exit_files.h"

#include "collectors/kernel/system/inotify_events.h"

#include <sys/inotify.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

namespace tallyman {

// The file is written in place, or under another name first.
constexpr std::uint32_t kWritten = IN_CLOSE_WRITE | IN_MOVED_TO;
constexpr int kMaxReads = 4;

ExitFiles::ExitFiles(std::string rootfs)
    : rootfs_(std::move(rootfs)),
      fd_(std::make_shared<const FileDescriptor>(inotify_init1(IN_NONBLOCK | IN_CLOEXEC))) {}

Result<int> ExitFiles::add_watch(const FileDescriptor& inotify, const std::string& path) {
  const int watch = inotify_add_watch(inotify.get(), path.c_str(), kWritten | IN_ONLYDIR);
  if (watch < 0) return error_from_errno(errno, path);
  return watch;
}

bool ExitFiles::watches(const std::string& directory) const {
  return std::any_of(directories_.begin(), directories_.end(),
                     [&](const auto& one) { return one.second.directory == directory; });
}

void ExitFiles::watch(const std::string& directory) {
  if (!fd_->valid() || watches(directory)) return;
  if (const auto watch = add_watch(*fd_, rootfs_ + directory)) directories_[*watch] = {directory, {}};
}

// The same directory by another name keeps its owner.
void ExitFiles::take(int watch, std::string directory, std::uint32_t user) {
  directories_.try_emplace(watch, Watched{std::move(directory), user});
}

std::vector<ExitFiles::Written> ExitFiles::written() {
  std::vector<Written> files;
  if (!fd_->valid()) return files;
  read_inotify_events(fd_->get(), kMaxReads, [&](int watch, std::uint32_t mask, std::string_view name) {
    const auto directory = directories_.find(watch);
    if (directory == directories_.end()) return;
    if ((mask & IN_IGNORED) != 0) {
      directories_.erase(directory);  // it is gone: watch() adds it again
    } else if ((mask & kWritten) != 0) {
      files.push_back({std::string(name), directory->second.user});
    }
  });
  return files;
}

}  // namespace tallyman
