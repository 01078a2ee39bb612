#include "collectors/kernel/stats/cgroup_path.h"

#include <algorithm>

namespace tallyman {

std::size_t CgroupPath::depth() const {
  return is_root() ? 0 : static_cast<std::size_t>(std::count(text_.begin(), text_.end(), '/'));
}

std::string CgroupPath::child(std::string_view name) const { return prefix_of_descendants().append(name); }

std::string CgroupPath::directory_in(const std::string& mount_point) const {
  return is_root() ? mount_point : std::string(mount_point).append(text_);
}

std::string CgroupPath::prefix_of_descendants() const {
  std::string prefix(text_);
  if (!is_root()) prefix.push_back('/');
  return prefix;
}

}  // namespace tallyman
