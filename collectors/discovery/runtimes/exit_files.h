// Short-lived files: conmon writes one with a container's exit code, and its engine
// removes it about 100 ms later, before the container's cgroup.
#pragma once

#include "collectors/kernel/system/error.h"
#include "collectors/kernel/system/file_descriptor.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tallyman {

// Watches for files with inotify. Not thread-safe.
class ExitFiles {
 public:
  explicit ExitFiles(std::string rootfs);

  // `directory` is a path on the host. A missing one is tried again at the next call.
  void watch(const std::string& directory);

  // A user's directory may hang, so its watch is added by another thread.
  bool watches(const std::string& directory) const;
  std::shared_ptr<const FileDescriptor> shared_fd() const { return fd_; }
  static Result<int> add_watch(const FileDescriptor& inotify, const std::string& path);
  void take(int watch, std::string directory, std::uint32_t user);

  struct Written {
    std::string name;                   // of the file, in its directory
    std::optional<std::uint32_t> user;  // of a user's directory
  };
  // The files written since; does not block.
  std::vector<Written> written();
  // Becomes readable with new files; -1 if inotify gives no instance.
  int fd() const { return fd_->valid() ? fd_->get() : -1; }

 private:
  struct Watched {
    std::string directory;
    std::optional<std::uint32_t> user;
  };
  std::string rootfs_;
  std::shared_ptr<const FileDescriptor> fd_;
  std::map<int, Watched> directories_;  // by watch
};

}  // namespace tallyman
