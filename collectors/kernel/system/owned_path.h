// Opens files that only one user could have put there: for what that user's own files say.
#pragma once

#include "collectors/kernel/system/error.h"
#include "collectors/kernel/system/file_descriptor.h"

#include <cstdint>
#include <string_view>

namespace tallyman {

// The file at `relative`, below the directory `top`. No symbolic link is followed, and each
// directory and the file itself must be the user's own or open to everybody: the agent reads
// nothing there that the user could not read. Negative, with errno: EACCES if it is closed to
// the user, ELOOP or ENOTDIR for a link.
int open_as_user(int top, std::string_view relative, int flags, std::uint32_t uid);

// The name of a uid in the text of /etc/passwd; empty if it is not there.
std::string_view name_of_user(std::string_view passwd, std::uint32_t uid);

// The text of /etc/subuid: whether `uid` is the user's, or one that the user's containers have.
bool is_id_of_user(std::uint32_t id, std::uint32_t uid, std::string_view user_name, std::string_view subuid);

}  // namespace tallyman
