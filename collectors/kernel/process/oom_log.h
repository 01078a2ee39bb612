// The processes that the OOM killer killed: cgroups count kills, only the kernel's log
// names the process. /dev/kmsg: Documentation/ABI/testing/dev-kmsg; dump_oom_victim() in
// mm/oom_kill.c writes the line before the cgroup counts the kill, at most ten times in 5
// s. One thread.
#pragma once

#include "collectors/kernel/system/file_descriptor.h"
#include "collectors/kernel/system/host_root.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

struct OomVictim {
  std::string cgroup;  // its path in the memory hierarchy, from the hierarchy's root
  std::string comm;    // up to 15 bytes
  std::uint32_t pid = 0;
};
// Parses a record of /dev/kmsg; empty if it names no victim.
std::optional<OomVictim> parse_oom_victim(std::string_view record);

class OomLog {
 public:
  // Null if the log may not be read (CAP_SYSLOG) or does not exist.
  static std::unique_ptr<OomLog> open(const HostRoot& root);

  // Victims since the last call, or since open(). Reads a bounded number of records.
  std::vector<OomVictim> take();

 private:
  explicit OomLog(FileDescriptor file) : file_(std::move(file)) {}
  FileDescriptor file_;
};

}  // namespace tallyman
