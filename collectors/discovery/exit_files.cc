#include "collectors/discovery/exit_files.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace tallyman {

// Written in place, or under another name first.
constexpr std::uint32_t kWritten = IN_CLOSE_WRITE | IN_MOVED_TO;
constexpr int kMostReads = 4;  // who writes without end must not hold up everything else

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
  alignas(inotify_event) std::array<char, 16 * 1024> buffer;
  for (int reads = 0; reads < kMostReads; ++reads) {
    const ssize_t size = fd_.valid() ? read(fd_.get(), buffer.data(), buffer.size()) : 0;
    if (size <= 0) break;
    for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
      inotify_event event;
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* name = buffer.data() + at + sizeof event;
      const auto directory = directories_.find(event.wd);
      if ((event.mask & IN_IGNORED) != 0) {
        directories_.erase(event.wd);  // it is gone: asked for again by watch()
      } else if (directory != directories_.end() && (event.mask & kWritten) != 0) {
        paths.push_back(directory->second + "/" + std::string(name, strnlen(name, event.len)));
      }
      at += sizeof event + event.len;
    }
  }
  return paths;
}

}  // namespace tallyman
