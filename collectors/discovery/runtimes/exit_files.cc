#include "collectors/discovery/runtimes/exit_files.h"

#include "collectors/kernel/system/inotify_events.h"

#include <sys/inotify.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace tallyman {

// The file is written in place, or under another name first.
constexpr std::uint32_t kWritten = IN_CLOSE_WRITE | IN_MOVED_TO;
constexpr int kMaxReads = 4;

ExitFiles::ExitFiles(std::string rootfs) : rootfs_(std::move(rootfs)), fd_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {}

void ExitFiles::watch(const std::string& directory) {
  const bool known = std::any_of(directories_.begin(), directories_.end(),
                                 [&](const auto& watched) { return watched.second == directory; });
  if (known || !fd_.valid()) return;
  const int watch = inotify_add_watch(fd_.get(), (rootfs_ + directory).c_str(), kWritten | IN_ONLYDIR);
  if (watch >= 0) directories_[watch] = directory;
}

std::vector<std::string> ExitFiles::written() {
  std::vector<std::string> paths;
  if (!fd_.valid()) return paths;
  read_inotify_events(fd_.get(), kMaxReads, [&](int watch, std::uint32_t mask, std::string_view name) {
    const auto directory = directories_.find(watch);
    if (directory == directories_.end()) return;
    if ((mask & IN_IGNORED) != 0) {
      directories_.erase(directory);  // it is gone: watch() adds it again
    } else if ((mask & kWritten) != 0) {
      paths.push_back((directory->second + "/").append(name));
    }
  });
  return paths;
}

}  // namespace tallyman
