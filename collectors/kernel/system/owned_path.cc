#include "collectors/kernel/system/owned_path.h"

#include "collectors/kernel/formats/text_basics.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <string>

namespace tallyman {
namespace {

// Root's own files count too if all may read them: a distribution's skeleton in a home.
bool may_use(int fd, std::uint32_t uid) {
  struct stat facts {};
  if (fstat(fd, &facts) != 0) return false;
  const mode_t for_all = S_ISDIR(facts.st_mode) ? S_IXOTH : S_IROTH;
  if (facts.st_uid == uid || (facts.st_mode & for_all) != 0) return true;
  errno = EACCES;
  return false;
}

// "ann" of "ann:100000:65536", or the number of the user.
bool is_row_of(std::string_view owner, std::uint32_t uid, std::string_view user_name) {
  return (!user_name.empty() && owner == user_name) || formats::to_number<std::uint32_t>(owner) == uid;
}

}  // namespace

int open_as_user(int top, std::string_view relative, int flags, std::uint32_t uid) {
  FileDescriptor above;
  for (;;) {
    relative.remove_prefix(std::min(relative.find_first_not_of('/'), relative.size()));
    const std::size_t slash = std::min(relative.find('/'), relative.size());
    const std::string name(relative.empty() ? "." : relative.substr(0, slash));
    relative.remove_prefix(slash);
    const bool last = relative.find_first_not_of('/') == std::string_view::npos;
    if (name == "..") {
      errno = EACCES;
      return -1;
    }
    const int directory = above.valid() ? above.get() : top;
    FileDescriptor next(openat(directory, name.c_str(),
                               O_NOFOLLOW | O_CLOEXEC | (last ? flags | O_NONBLOCK | O_NOCTTY : O_PATH | O_DIRECTORY)));
    if (!next.valid() || !may_use(next.get(), uid)) return -1;
    if (last) return next.release();
    above = std::move(next);
  }
}

std::string_view name_of_user(std::string_view passwd, std::uint32_t uid) {
  while (!passwd.empty()) {
    const std::string_view row = passwd.substr(0, passwd.find('\n'));
    passwd.remove_prefix(std::min(row.size() + 1, passwd.size()));
    const std::size_t name = row.find(':'), password = row.find(':', name + 1);
    if (name == std::string_view::npos || password == std::string_view::npos) continue;
    const std::size_t number = std::min(row.find(':', password + 1), row.size());
    if (formats::to_number<std::uint32_t>(row.substr(password + 1, number - password - 1)) == uid)
      return row.substr(0, name);
  }
  return {};
}

bool is_id_of_user(std::uint32_t id, std::uint32_t uid, std::string_view user_name, std::string_view subuid) {
  if (id == uid) return true;
  while (!subuid.empty()) {
    const std::string_view row = subuid.substr(0, subuid.find('\n'));
    subuid.remove_prefix(std::min(row.size() + 1, subuid.size()));
    const std::size_t first = row.find(':'), second = row.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) continue;
    if (!is_row_of(row.substr(0, first), uid, user_name)) continue;
    const auto begin = formats::to_number<std::uint32_t>(row.substr(first + 1, second - first - 1));
    const auto count = formats::to_number<std::uint32_t>(row.substr(second + 1));
    if (begin && count && id >= *begin && id - *begin < *count) return true;
  }
  return false;
}

}  // namespace tallyman
