// One directory of a cgroup hierarchy: its identity and its children.
#pragma once

#include "collectors/kernel/system/error.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace tallyman {

struct Directory {
  std::uint64_t inode = 0, links = 0, device = 0;
  std::uint64_t created_nsec = 0;  // creation time if the file system knows it, else mtime
};

// kUnsupported: the directory does not exist.
Result<Directory> check_directory(const std::string& path, bool follow_symlink);

// Whether a link count of 2 means "no subdirectories" here. Only kernfs guarantees it.
bool links_count_subdirectories(const std::string& path);

// Whether a process is in this cgroup itself or below it. True if that cannot be read.
bool has_processes(const std::string& path);

// False when it exists and cannot be listed. `visit` may get a name that is no directory
// if the file system does not report types.
bool for_each_subdirectory(const std::string& path, bool follow_symlink,
                           const std::function<void(std::string_view)>& visit);

}  // namespace tallyman
