// The users of the host who have something running: systemd has created /run/user/UID for
// them. Rootless runtimes keep their files there and in the home directory.
#pragma once

#include "collectors/kernel/system/rooted_files.h"

#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

struct User {
  std::string uid, home;  // home is empty if /etc/passwd does not have it
};

// At most 64, by uid.
std::vector<User> users_with_runtime_directory(RootedFiles& files);

// The home directory of a uid in the text of /etc/passwd; empty if it is not there.
std::string home_of(std::string_view passwd, std::string_view uid);

}  // namespace tallyman
