#include "collectors/discovery/tree/directory.h"

#include "collectors/kernel/system/file_descriptor.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <cerrno>

namespace tallyman {
namespace {

std::uint64_t nsec_of(const statx_timestamp& time) {
  return time.tv_sec < 0 ? 0 : static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

Result<Directory> check_directory(const std::string& path, bool follow_symlink) {
  struct statx facts {};
  const int flags = AT_STATX_SYNC_AS_STAT | (follow_symlink ? 0 : AT_SYMLINK_NOFOLLOW);
  if (statx(AT_FDCWD, path.c_str(), flags, STATX_BASIC_STATS | STATX_BTIME, &facts) != 0)
    return error_from_errno(errno, path);
  if (!S_ISDIR(facts.stx_mode)) return error_from_errno(ENOTDIR, path);
  const bool has_birth = (facts.stx_mask & STATX_BTIME) != 0;
  const std::uint64_t device = std::uint64_t{facts.stx_dev_major} << 32 | facts.stx_dev_minor;
  return Directory{facts.stx_ino, facts.stx_nlink, device, nsec_of(has_birth ? facts.stx_btime : facts.stx_mtime)};
}

bool links_count_subdirectories(const std::string& path) {
  struct statfs facts {};
  if (statfs(path.c_str(), &facts) != 0) return false;
  const auto type = static_cast<unsigned long>(facts.f_type);
  return type == CGROUP_SUPER_MAGIC || type == CGROUP2_SUPER_MAGIC;
}

bool has_processes(const std::string& path) {
  const FileDescriptor fd(open((path + "/cgroup.procs").c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  char byte = 0;
  const bool is_empty = fd.valid() ? read(fd.get(), &byte, 1) == 0 : errno == ENOENT;
  if (!is_empty) return true;
  bool below = false;
  for_each_subdirectory(path, false,
                        [&](std::string_view name) { below = below || has_processes(path + '/' + std::string(name)); });
  return below;
}

bool for_each_subdirectory(const std::string& path, bool follow_symlink,
                           const std::function<void(std::string_view)>& visit) {
  FileDescriptor fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | (follow_symlink ? 0 : O_NOFOLLOW)));
  if (!fd.valid()) return errno == ENOENT || errno == ENOTDIR || errno == ENODEV;
  DIR* listing = fdopendir(fd.get());
  if (listing == nullptr) return false;
  fd.release();
  while (const dirent* entry = readdir(listing)) {
    const std::string_view name = entry->d_name;
    if ((entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN) && name != "." && name != "..") visit(name);
  }
  closedir(listing);
  return true;
}

}  // namespace tallyman
