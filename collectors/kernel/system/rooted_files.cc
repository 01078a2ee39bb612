#include "collectors/kernel/system/rooted_files.h"

#include "collectors/kernel/system/owned_path.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace tallyman {

int RootedFiles::open_raw(const std::string& path, int flags) {
  return only_users_ ? open_users(path, flags) : open_below_root(path, flags);
}

int RootedFiles::open_users(const std::string& path, int flags) {
  for (const std::string& top : user_.tops) {
    if (!path.starts_with(top) || (path.size() > top.size() && path[top.size()] != '/' && !top.ends_with('/')))
      continue;
    const FileDescriptor opened(open_below_root(top, O_PATH | O_DIRECTORY));
    if (!opened.valid()) return -1;
    return open_as_user(opened.get(), std::string_view(path).substr(top.size()), flags, user_.uid);
  }
  errno = ENOENT;
  return -1;
}

int RootedFiles::open_below_root(const std::string& path, int flags) {
  if (!root_.valid()) root_ = FileDescriptor(::open(rootfs_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root_.valid()) return -1;
  const std::string relative = path.substr(std::min(path.find_first_not_of('/'), path.size()));
  const char* name = relative.empty() ? "." : relative.c_str();
  open_how how{};
  how.flags = static_cast<unsigned>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  const int fd = static_cast<int>(syscall(SYS_openat2, root_.get(), name, &how, sizeof how));
  if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) return fd;
  // Before Linux 5.6, or with a seccomp filter that does not know openat2.
  return openat(root_.get(), name, flags | O_CLOEXEC);
}

Result<FileDescriptor> RootedFiles::open(const std::string& path, int flags) {
  const int fd = open_raw(path, flags);
  if (fd >= 0) return FileDescriptor(fd);
  const int code = errno;
  if (code != EACCES) return error_from_errno(code, path);
  for (auto slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    std::string parent = path.substr(0, slash);
    // Opening "." inside needs search permission.
    const FileDescriptor inside(open_raw(parent + "/.", O_PATH | O_DIRECTORY));
    if (!inside.valid()) return error_from_errno(code, std::move(parent));
  }
  return error_from_errno(code, path);
}

Result<std::string> RootedFiles::read(const std::string& path, std::size_t max_bytes) {
  auto file = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!file) return file.error();
  struct stat facts {};
  if (fstat(file->get(), &facts) != 0) return error_from_errno(errno, path);
  const Error malformed{ErrorKind::kMalformed, 0, path};
  if (!S_ISREG(facts.st_mode) || static_cast<std::uint64_t>(facts.st_size) > max_bytes) return malformed;

  std::string text(static_cast<std::size_t>(facts.st_size) + 1, '\0');  // one more, to detect the end
  std::size_t size = 0;
  for (;;) {
    const ssize_t got = ::read(file->get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return error_from_errno(errno, path);
    size += static_cast<std::size_t>(got);
    if (got == 0 || size > max_bytes) break;
    if (size == text.size()) text.resize(std::min(size * 2, max_bytes + 1));  // the file grew meanwhile
  }
  if (size > max_bytes) return malformed;
  text.resize(size);
  return text;
}

}  // namespace tallyman
