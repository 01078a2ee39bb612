// Files that are there for a moment only: conmon writes one with a container's exit
// code, and its engine removes it some 100 ms later, before the container's cgroup.
#pragma once

#include "collectors/kernel/system/kernel_file.h"

#include <map>
#include <string>
#include <vector>

namespace tallyman {

// Notices of files by inotify. Not thread-safe.
class ExitFiles {
 public:
  explicit ExitFiles(std::string rootfs);

  // `directory` as the host names it. One that is not there is asked for again with the next call.
  void watch(const std::string& directory);
  // Whole paths, as the host names them, of what was written since; does not block.
  std::vector<std::string> written();
  // Readable when there is something; -1 where inotify gives no instance.
  int fd() const { return fd_.valid() ? fd_.get() : -1; }

 private:
  std::string rootfs_;
  FileDescriptor fd_;
  std::map<int, std::string> directories_;  // by watch
};

}  // namespace tallyman
