// Short-lived files: conmon writes one with a container's exit code, and its engine
// removes it about 100 ms later, before the container's cgroup.
#pragma once

#include "collectors/kernel/system/file_descriptor.h"

#include <map>
#include <string>
#include <vector>

namespace tallyman {

// Watches for files with inotify. Not thread-safe.
class ExitFiles {
 public:
  explicit ExitFiles(std::string rootfs);

  // `directory` is a path on the host. A missing one is tried again at the next call.
  void watch(const std::string& directory);
  // Complete paths on the host of the files written since; does not block.
  std::vector<std::string> written();
  // Becomes readable with new files; -1 if inotify gives no instance.
  int fd() const { return fd_.valid() ? fd_.get() : -1; }

 private:
  std::string rootfs_;
  FileDescriptor fd_;
  std::map<int, std::string> directories_;  // by watch
};

}  // namespace tallyman
