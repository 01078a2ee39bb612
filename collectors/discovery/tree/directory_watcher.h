// inotify on directories: reports directories created and removed below the watched ones.
// Not thread-safe.
#pragma once

#include "collectors/kernel/system/error.h"
#include "collectors/kernel/system/file_descriptor.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tallyman {

// An event for the directory `path` of the hierarchy `tag`. The event is only a hint;
// re-read the directory before acting on it.
struct DirectoryEvent {
  bool created = false;  // else removed
  std::uint8_t tag = 0;
  std::string path;
};

class DirectoryWatcher {
 public:
  struct Batch {
    std::vector<DirectoryEvent> events;
    bool overflowed = false;  // the kernel dropped events
    bool stale = false;       // a directory was renamed or unmounted: watches may have wrong paths, renew them
  };

  // An error names the sysctl to raise if that is the cause.
  static Result<DirectoryWatcher> open(std::size_t max_watches);

  // `path` is the name in events, `directory` the place on disk. Watching it again costs
  // nothing; a watch on an older directory of that path ends. kUnsupported: it is gone.
  // kDenied: not readable. kIo: no watch is left, and the text names the sysctl.
  Result<void> add(std::uint8_t tag, const std::string& path, const std::string& directory, bool follow_symlink);

  // Removes the watch, if there is one.
  void forget(std::uint8_t tag, const std::string& path);

  // The events waiting to be read, up to a limit; does not block.
  Batch read();

  // Between the two calls every directory is added again; watches that were not added
  // again are removed.
  void begin_renewal() { ++generation_; }
  void end_renewal();

  int fd() const { return fd_.get(); }
  std::size_t watches() const { return watches_.size(); }

 private:
  struct Watch {
    std::string path;
    std::uint64_t generation;
    std::uint8_t tag;
  };
  DirectoryWatcher(FileDescriptor fd, std::size_t max_watches) : fd_(std::move(fd)), max_watches_(max_watches) {}
  static std::string key(std::uint8_t tag, const std::string& path) { return static_cast<char>(tag) + path; }
  void drop(std::unordered_map<int, Watch>::iterator watch);
  void take_event(int watch, std::uint32_t mask, std::string_view name, Batch& batch);

  FileDescriptor fd_;
  std::size_t max_watches_;
  std::uint64_t generation_ = 0;
  std::unordered_map<int, Watch> watches_;
  std::unordered_map<std::string, int> by_path_;  // of key(): the newest
};

}  // namespace tallyman
