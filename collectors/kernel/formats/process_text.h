// Formats of files below /proc/PID: proc_pid_stat(5) and its neighbours.
// The rules of text_scanner.h hold.
#pragma once

#include "collectors/kernel/stats/count.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {
struct PidStat;
struct PidMemory;
struct SchedStat;
struct PidIo;
struct PidStatus;
struct CgroupMembership;
}  // namespace tallyman

namespace tallyman::formats {

// The whole line. False, and `out` unchanged, if a needed field is missing or not a
// number.
bool parse_pid_stat(std::string_view text, PidStat& out);
bool parse_statm(std::string_view text, PidMemory& out);
bool parse_schedstat(std::string_view text, SchedStat& out);
unsigned parse_pid_io(std::string_view text, PidIo& out);
// /proc/PID/status "NSpid:\t1234\t1": in how many PID namespaces the process is, if it is the first one in the
// innermost of them, and that is not the reader's own. Else 0.
std::size_t parse_init_levels(std::string_view text);
unsigned parse_pid_status(std::string_view text, PidStatus& out);
// Rows "4:memory:/docker/ID"; the " (deleted)" after a removed cgroup's path is cut off.
unsigned parse_pid_cgroup(std::string_view text, std::vector<CgroupMembership>& out);
// /proc/PID/smaps_rollup "Pss:", in bytes.
Count parse_smaps_rollup_pss(std::string_view text);
// /proc/PID/limits "Max open files", the soft one; kUnlimited for "unlimited".
Count parse_open_files_limit(std::string_view text);

// The name of a user in /etc/passwd (passwd(5)); empty if it is not there.
std::string user_of_passwd(std::string_view text, std::uint64_t uid);

}  // namespace tallyman::formats
