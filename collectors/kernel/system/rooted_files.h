// Files of the host below HostRoot::rootfs. Symbolic links are resolved as on the host:
// an absolute one starts at rootfs, not at the agent's own root. For the files of
// runtimes; kernel files have their own readers.
#pragma once

#include "collectors/kernel/system/error.h"
#include "collectors/kernel/system/file_descriptor.h"
#include "collectors/kernel/system/host_root.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tallyman {

// The directories of one user: the home, /run/user/UID. Only the host decides where these are;
// everything below is the user's.
struct UserDirectories {
  std::uint32_t uid = 0;
  std::vector<std::string> tops;
};

// Thread-compatible. Keeps only the root's descriptor.
class RootedFiles {
 public:
  explicit RootedFiles(const HostRoot& root) : rootfs_(root.rootfs) {}
  // Only files below the user's directories, as open_as_user() opens them (owned_path.h).
  RootedFiles(const HostRoot& root, UserDirectories user)
      : rootfs_(root.rootfs), user_(std::move(user)), only_users_(true) {}

  // `path` is an absolute path on the host. kDenied: `where` is the first directory on
  // the way without permission, else the file.
  Result<FileDescriptor> open(const std::string& path, int flags);
  // A regular file of at most `max_bytes`; a longer one is kMalformed.
  Result<std::string> read(const std::string& path, std::size_t max_bytes);

 private:
  int open_raw(const std::string& path, int flags);
  int open_below_root(const std::string& path, int flags);
  int open_users(const std::string& path, int flags);

  std::string rootfs_;
  FileDescriptor root_;
  UserDirectories user_;
  bool only_users_ = false;
};

}  // namespace tallyman
