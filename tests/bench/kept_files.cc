#include "tests/bench/kept_files.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>
#include <stdexcept>

namespace tallyman::bench {

std::vector<std::string> files_kept_open(const std::string& below) {
  std::map<int, std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    const std::string path = std::filesystem::read_symlink(entry.path(), error).string();
    const bool of_cgroup = path.find(below + '/') != std::string::npos && path.find("/cgroup") != std::string::npos;
    if (!error && (of_cgroup || path.ends_with("/net/dev"))) {
      found[std::atoi(entry.path().filename().c_str())] = path;
    }
  }
  std::vector<std::string> paths;
  for (auto& [descriptor, path] : found) {
    paths.push_back(std::move(path));
  }
  return paths;
}

std::vector<std::string> files_opened(const std::vector<std::string>& directories, const std::function<void()>& work) {
  const int watcher = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  std::map<int, std::string> watched;
  for (const std::string& directory : directories) {
    watched[inotify_add_watch(watcher, directory.c_str(), IN_OPEN | IN_ONLYDIR)] = directory;
  }
  work();
  std::set<std::string> opened;
  alignas(inotify_event) char events[64 * 1024];
  for (ssize_t size; (size = read(watcher, events, sizeof events)) > 0;) {
    for (ssize_t offset = 0; offset < size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(events + offset);
      if (event->len != 0 && (event->mask & IN_ISDIR) == 0) {
        opened.insert(watched[event->wd] + '/' + event->name);
      }
      offset += static_cast<ssize_t>(sizeof *event + event->len);
    }
  }
  close(watcher);
  return {opened.begin(), opened.end()};
}

BareReader::BareReader(std::vector<std::string> paths) : paths_(std::move(paths)), buffer_(16 * 1024) {
  for (const std::string& path : paths_) {
    descriptors_.push_back(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (descriptors_.back() < 0) {
      throw std::runtime_error(path + ": " + std::strerror(errno));
    }
  }
}

BareReader::~BareReader() {
  for (const int descriptor : descriptors_) {
    close(descriptor);
  }
}

void BareReader::pread_all() {
  bytes_ = 0;
  for (const int descriptor : descriptors_) {
    bytes_ += static_cast<std::size_t>(std::max<ssize_t>(0, pread(descriptor, buffer_.data(), buffer_.size(), 0)));
  }
}

void BareReader::open_read_close_all() {
  bytes_ = 0;
  for (const std::string& path : paths_) {
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    bytes_ += static_cast<std::size_t>(std::max<ssize_t>(0, read(descriptor, buffer_.data(), buffer_.size())));
    close(descriptor);
  }
}

}  // namespace tallyman::bench
