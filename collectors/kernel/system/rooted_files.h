// Files of the host below HostRoot::rootfs. Symbolic links are resolved as on the host:
// an absolute one starts at rootfs, not at the agent's own root. For the files of
// runtimes; kernel files have their own readers.
#pragma once

#include "collectors/kernel/system/error.h"
#include "collectors/kernel/system/file_descriptor.h"
#include "collectors/kernel/system/host_root.h"

#include <cstddef>
#include <string>

namespace tallyman {

// Thread-compatible. Keeps only the root's descriptor.
class RootedFiles {
 public:
  explicit RootedFiles(const HostRoot& root) : rootfs_(root.rootfs) {}

  // `path` is an absolute path on the host. kDenied: `where` is the first directory on
  // the way without permission, else the file.
  Result<FileDescriptor> open(const std::string& path, int flags);
  // A regular file of at most `max_bytes`; a longer one is kMalformed.
  Result<std::string> read(const std::string& path, std::size_t max_bytes);

 private:
  int open_raw(const std::string& path, int flags);

  std::string rootfs_;
  FileDescriptor root_;
};

}  // namespace tallyman
