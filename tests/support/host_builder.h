// A host in a temporary directory, written as one expression and removed at the end:
//
//   HostBuilder host;
//   host.file("proc/1/mountinfo", text).dir("sys/fs/cgroup/docker");
//   auto mounts = CgroupMounts::detect(host.root());
//
// Paths are relative to the host's root; a leading '/' is allowed. Parents are made as
// needed. Every failure throws std::system_error.
#pragma once

#include "collectors/kernel/system/host_root.h"

#include <string>
#include <string_view>

namespace tallyman {

class HostBuilder {
 public:
  HostBuilder();
  ~HostBuilder();
  HostBuilder(const HostBuilder&) = delete;
  HostBuilder& operator=(const HostBuilder&) = delete;

  // An existing file keeps its inode and gets the new text.
  HostBuilder& file(std::string_view path, std::string_view text);
  HostBuilder& dir(std::string_view path);
  // With everything below it; nothing to remove is an error.
  HostBuilder& remove(std::string_view path);

  HostRoot root() const;
  std::string path(std::string_view relative) const;

 private:
  std::string top_;
};

}  // namespace tallyman
