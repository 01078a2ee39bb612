#include "collectors/discovery/tree/cgroup_directories.h"

#include "collectors/kernel/stats/cgroup_path.h"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

namespace tallyman {

CgroupDirectories::CgroupDirectories(std::vector<std::string> hierarchies, std::vector<std::string> mounted_over)
    : mounted_over_(std::move(mounted_over)) {
  constexpr std::size_t kMax = std::numeric_limits<std::uint8_t>::max();
  hierarchies.resize(std::min(hierarchies.size(), kMax));
  for (std::string& path : hierarchies) {
    Top top;
    top.counts_links = links_count_subdirectories(path);
    if (const auto directory = check_directory(path, true)) top.device = directory->device;
    top.path = std::move(path);
    tops_.push_back(std::move(top));
  }
}

std::string CgroupDirectories::path_of(std::uint8_t hierarchy, const std::string& path) const {
  return CgroupPath(path).directory_in(tops_[hierarchy].path);
}

Result<Directory> CgroupDirectories::open(std::uint8_t hierarchy, const std::string& path) const {
  const std::string where = path_of(hierarchy, path);
  const bool is_root = CgroupPath(path).is_root();
  auto directory = check_directory(where, is_root);
  if (!directory || is_root) return directory;
  const auto& device = tops_[hierarchy].device;
  const bool foreign = device && directory->device != *device;
  if (foreign || std::find(mounted_over_.begin(), mounted_over_.end(), where) != mounted_over_.end())
    return Error{ErrorKind::kUnsupported, ENOTDIR, where};
  return directory;
}

bool CgroupDirectories::exist_anywhere(const std::string& path) const {
  for (std::uint8_t h = 0; h < hierarchies(); ++h) {
    const auto directory = open(h, path);
    const bool gone =
        !directory && (directory.error().kind == ErrorKind::kUnsupported || directory.error().kind == ErrorKind::kGone);
    if (!gone) return true;
  }
  return false;
}

}  // namespace tallyman
