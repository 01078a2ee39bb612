// The directories of a cgroup in each hierarchy. Asks the file system each time.
#pragma once

#include "collectors/discovery/tree/directory.h"
#include "collectors/kernel/system/error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tallyman {

class CgroupDirectories {
 public:
  // The mount points of the hierarchies, and of what else is mounted below them: see CgroupTreeOptions.
  CgroupDirectories(std::vector<std::string> hierarchies, std::vector<std::string> mounted_over);

  std::uint8_t hierarchies() const { return static_cast<std::uint8_t>(tops_.size()); }
  // `path` from the hierarchy's root. No access to the file system.
  std::string path_of(std::uint8_t hierarchy, const std::string& path) const;
  // kUnsupported: it is no directory of this hierarchy, something else is mounted there.
  Result<Directory> open(std::uint8_t hierarchy, const std::string& path) const;
  bool may_have_children(std::uint8_t hierarchy, const Directory& directory) const {
    return !tops_[hierarchy].counts_links || directory.links > 2;
  }
  // In one hierarchy at least, as far as is known.
  bool exist_anywhere(const std::string& path) const;

 private:
  struct Top {
    std::string path;
    bool counts_links = false;
    std::optional<std::uint64_t> device;
  };
  std::vector<Top> tops_;  // at most 255
  std::vector<std::string> mounted_over_;
};

}  // namespace tallyman
