// Formats of files below /proc: proc(5), Documentation/admin-guide/iostats.rst.
// The rules of text_scanner.h hold.
#pragma once

#include "collectors/kernel/stats/count.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {
struct InterfaceStats;
struct DiskStats;
struct MemInfo;
}  // namespace tallyman

namespace tallyman::formats {

// /proc/PID/net/dev, all interfaces in the kernel's order; the headings are no errors.
unsigned parse_net_dev(std::string_view text, std::vector<InterfaceStats>& out);
// /proc/diskstats. Rows of 14 or more columns.
unsigned parse_diskstats(std::string_view text, std::vector<DiskStats>& out);
unsigned parse_meminfo(std::string_view text, MemInfo& out);
// /proc/loadavg: "0.20 0.18 0.12 1/80 11206", the averages over 1, 5 and 15 minutes.
std::optional<std::array<double, 3>> parse_loadavg(std::string_view text);

// /proc/PID/stat field 22, clock ticks since boot. The command name in field 2
// may hold blanks, newlines and parentheses.
Count parse_pid_start_ticks(std::string_view text);
// /proc/stat "btime": seconds since the epoch.
Count parse_boot_time(std::string_view text);

// cgroup.procs: process ids, one per line. 0 is a process outside of the reader's PID
// namespace.
unsigned parse_pids(std::string_view text, std::vector<std::uint32_t>& out);

// One mount of /proc/PID/mountinfo (proc_pid_mountinfo(5)), octal escapes
// (\040) undone. `root` is the path within the file system `major:minor` that
// is seen at `mount_point`; `source` may be empty.
struct Mount {
  std::uint32_t major = 0, minor = 0;
  std::string root, mount_point, fs_type, source, super_options;
};
unsigned parse_mountinfo(std::string_view text, std::vector<Mount>& out);

// /proc/cpuinfo: pairs of (physical id, core id); x86 has them, arm64 does not.
// Also not set if one processor lacks them or the text is torn.
struct CpuTopology {
  unsigned sockets = 0, physical_cores = 0;  // 0: not known
};
CpuTopology parse_cpuinfo(std::string_view text);

}  // namespace tallyman::formats
