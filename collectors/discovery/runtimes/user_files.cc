#include "collectors/discovery/runtimes/user_files.h"

#include <algorithm>
#include <vector>

namespace tallyman {
namespace {

// One a user at most: a user who hangs takes nothing from the others.
constexpr std::size_t kMaxLeftBehind = 16;
constexpr std::chrono::seconds kPlaceKnown{5};
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

UserFiles::UserFiles(HostRoot root, std::chrono::milliseconds deadline)
    : root_(std::move(root)), host_files_(root_), caller_("user-files", deadline, kMaxLeftBehind) {}

// Asks /etc/passwd only.
const UserFiles::Place& UserFiles::place_of(std::uint32_t uid) {
  const auto now = std::chrono::steady_clock::now();
  Known& known = places_[uid];
  if (now < known.until) return known.place;
  const std::string digits = std::to_string(uid);
  const auto passwd = host_files_.read("/etc/passwd", kMaxFileBytes);
  known = {{passwd ? home_of(*passwd, digits) : std::string(), "/run/user/" + digits}, now + kPlaceKnown};
  return known.place;
}

UserDirectories UserFiles::directories(std::uint32_t uid, const Place& place) {
  UserDirectories directories{uid, {place.run}};
  // A home that is the root directory is no user's.
  if (place.home.find_first_not_of('/') != std::string::npos) directories.tops.push_back(place.home);
  return directories;
}

std::string UserFiles::no_answer(std::uint32_t uid) {
  return "files of user " + std::to_string(uid) + ": the file system does not answer";
}

bool UserFiles::run(std::uint32_t uid, std::function<void()> job) {
  std::erase_if(left_behind_, [](const auto& one) { return one.second.use_count() == 1; });
  if (left_behind_.contains(uid)) return false;
  auto shared = std::make_shared<char>();
  const bool answered = caller_.call([shared, job = std::move(job)] { job(); });
  if (!answered) left_behind_[uid] = std::move(shared);
  return answered;
}

}  // namespace tallyman
