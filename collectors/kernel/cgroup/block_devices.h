// Block device numbers -> names, from sysfs' uevent files. Caches them; after
// forget_unknown() it asks again for numbers it did not know. One thread.
#pragma once

#include "collectors/kernel/system/host_root.h"
#include "collectors/kernel/system/kernel_file.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace tallyman {

class BlockDevices {
 public:
  explicit BlockDevices(HostRoot root) : root_(std::move(root)) {}

  // "/dev/vda", or empty. Valid until the next call of a non-const member.
  std::string_view path(std::uint32_t major, std::uint32_t minor);
  void forget_unknown();

 private:
  HostRoot root_;
  ReadBuffer buffer_;
  std::map<std::uint64_t, std::string> paths_;
};

}  // namespace tallyman
