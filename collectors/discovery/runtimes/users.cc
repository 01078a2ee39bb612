#include "collectors/discovery/runtimes/users.h"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>

namespace tallyman {
namespace {

constexpr std::size_t kMaxUsers = 64;
constexpr std::size_t kMaxFileBytes = std::size_t{16} * 1024 * 1024;

}  // namespace

std::string home_of(std::string_view passwd, std::string_view uid) {
  while (!passwd.empty()) {
    std::string_view row = passwd.substr(0, passwd.find('\n'));
    passwd.remove_prefix(std::min(row.size() + 1, passwd.size()));
    std::vector<std::string_view> fields;
    for (std::size_t at = 0; at <= row.size();) {
      const std::size_t end = std::min(row.find(':', at), row.size());
      fields.push_back(row.substr(at, end - at));
      at = end + 1;
    }
    if (fields.size() > 5 && fields[2] == uid && fields[5].starts_with('/')) return std::string(fields[5]);
  }
  return {};
}

std::vector<User> users_with_runtime_directory(RootedFiles& files) {
  std::vector<User> users;
  auto directory = files.open("/run/user", O_RDONLY | O_DIRECTORY);
  if (!directory) return users;
  DIR* listing = fdopendir(directory->get());
  if (listing == nullptr) return users;
  directory->release();
  while (const dirent* entry = readdir(listing)) {
    const std::string_view uid = entry->d_name;
    if (uid.find_first_not_of("0123456789") != std::string_view::npos) continue;
    if (users.size() >= kMaxUsers) break;
    users.push_back({std::string(uid), {}});
  }
  closedir(listing);
  if (users.empty()) return users;
  std::sort(users.begin(), users.end(), [](const User& a, const User& b) { return a.uid < b.uid; });
  if (const auto passwd = files.read("/etc/passwd", kMaxFileBytes)) {
    for (User& user : users) user.home = home_of(*passwd, user.uid);
  }
  return users;
}

}  // namespace tallyman
