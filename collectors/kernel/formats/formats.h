// Pure parsers of the kernel's text formats: text in, typed stats out. No I/O. They
// allocate only for the rows of a vector, which is reused (only parse_cpuinfo has a
// scratch vector; it runs once). Safe on any bytes: they are the fuzz targets. Any number
// of threads.
//
// Every parser that returns `unsigned` returns how many rows it could not parse. Such a
// row changes nothing; all other rows count. Unknown keys, a different order and missing
// keys are no errors: later kernels have them. A last row without its newline is torn and
// counts as not parsed, so that a number cut in half is never taken for a smaller number.
// Numbers above 2^64 - 1, negative numbers and rows with '\r' or NUL bytes also count as
// not parsed.
//
// A struct keeps the fields that the text does not have. A vector is replaced by the
// text's rows (except in parse_blkio) and its memory is reused.
#pragma once

#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/stats/process_stats.h"
#include "collectors/kernel/stats/socket_stats.h"

#include <string_view>

namespace tallyman::formats {

// "123\n" -> 123. Empty for anything else.
Count parse_number(std::string_view text);
// The same, or kUnlimited for "max\n" (v2) and for values of 2^62 or more (v1
// writes PAGE_COUNTER_MAX, which depends on the page size).
Count parse_limit(std::string_view text);
// "-1\n" -> kUnlimited: cpu.cfs_quota_us.
Count parse_quota(std::string_view text);

// cpu.stat. v2: microseconds; v1: nr_periods, nr_throttled, throttled_time and burst_time
// in nanoseconds. Fills only the fields that have a key in the text.
unsigned parse_cpu_stat_v2(std::string_view text, CpuStats& out);
unsigned parse_cpu_stat_v1(std::string_view text, CpuStats& out);
// cpuacct.stat: user and system in USER_HZ (always 100 per second in user space).
unsigned parse_cpuacct_stat(std::string_view text, CpuStats& out);
// cpuacct.usage_percpu: numbers in one line.
unsigned parse_percpu(std::string_view text, std::vector<std::uint64_t>& out);
// cpu.max: "max 100000\n", "20000 100000\n".
unsigned parse_cpu_max(std::string_view text, LimitStats& out);

unsigned parse_memory_stat_v2(std::string_view text, MemoryStats& out);
// v1: total_* for the hierarchy; pgfault and pgmajfault also for the cgroup alone. The
// plain keys never replace total_*: every kernel writes both, regardless of
// use_hierarchy. In a truncated file they would be wrong numbers.
unsigned parse_memory_stat_v1(std::string_view text, MemoryStats& out);
unsigned parse_memory_events(std::string_view text, MemoryEvents& out);
// memory.oom_control (v1): only oom_kill is read.
unsigned parse_oom_control(std::string_view text, MemoryEvents& out);

// io.stat. One row per device: "254:0 rbytes=1 wbytes=2 rios=3 ...". Oddities of real
// kernels: "7:7 7:6 7:5 rbytes=0" (devices without values run into the next row: the last
// number pair owns the values), "252:0 \n" (no values: no row, and no error even at the
// end of the text, where the newline is missing), "(unknown) rbytes=..." (the device is
// gone: skipped, no error).
unsigned parse_io_stat(std::string_view text, std::vector<IoDeviceStats>& out);

// v1 blkio.throttle.io_service_bytes_recursive and io_serviced_recursive:
// "254:0 Read 4096\n" ... "Total 4096\n". Rows for a device are merged into
// `out`, so that the two files fill one vector. "Total 0" alone: no row.
enum class BlkioFile { kBytes, kOperations };
unsigned parse_blkio(std::string_view text, BlkioFile which, std::vector<IoDeviceStats>& out);

// cpu.pressure and friends.
unsigned parse_pressure(std::string_view text, PressureStats& out);

// cgroup.events.
unsigned parse_cgroup_events(std::string_view text, CgroupEvents& out);
// freezer.state (v1): 1 for "FROZEN\n", 0 for "THAWED\n" and "FREEZING\n".
Count parse_freezer_state(std::string_view text);

// memory.numa_stat: rows "file", "anon" and "unevictable". v1 is in pages, v2 in
// bytes (divided by `page_size`) and always of the hierarchy.
unsigned parse_numa_stat_v1(std::string_view text, std::vector<NumaStats>& out);
unsigned parse_numa_stat_v2(std::string_view text, std::uint64_t page_size, std::vector<NumaStats>& out);

// "0-3,8\n" -> 5. Empty text or "\n" is no CPUs: 0.
Count count_cpu_list(std::string_view text);

// /proc/PID/net/dev, all interfaces in the kernel's order; the headings are no errors.
unsigned parse_net_dev(std::string_view text, std::vector<InterfaceStats>& out);
// /proc/PID/net/sockstat and sockstat6: sockets in use, TIME-WAIT.
unsigned parse_sockstat(std::string_view text, SocketStats& out);
// /proc/PID/net/snmp and netstat: a row of names and a row of values for each protocol.
// Returns the fields of `protocol` ("Tcp", "TcpExt") in the kernel's order, with names in
// lower case; negative ones ("MaxConn -1": dynamic) are left out.
unsigned parse_snmp(std::string_view text, std::string_view protocol, std::vector<NamedCount>& out);
// /proc/diskstats. Rows of 14 or more columns.
unsigned parse_diskstats(std::string_view text, std::vector<DiskStats>& out);
unsigned parse_meminfo(std::string_view text, MemInfo& out);

// /proc/PID/stat field 22, clock ticks since boot. The command name in field 2
// may hold blanks, newlines and parentheses.
Count parse_pid_start_ticks(std::string_view text);
// The whole line. False, and `out` unchanged, if a needed field is missing or not a
// number.
bool parse_pid_stat(std::string_view text, PidStat& out);
bool parse_statm(std::string_view text, PidMemory& out);
bool parse_schedstat(std::string_view text, SchedStat& out);
unsigned parse_pid_io(std::string_view text, PidIo& out);
unsigned parse_pid_status(std::string_view text, PidStatus& out);
// Rows "4:memory:/docker/ID"; the " (deleted)" after a removed cgroup's path is cut off.
unsigned parse_pid_cgroup(std::string_view text, std::vector<CgroupMembership>& out);
// /proc/PID/smaps_rollup "Pss:", in bytes.
Count parse_smaps_rollup_pss(std::string_view text);
// /proc/PID/limits "Max open files", the soft one; kUnlimited for "unlimited".
Count parse_open_files_limit(std::string_view text);

// The name of a user in /etc/passwd (passwd(5)); empty if it is not there.
std::string user_of_passwd(std::string_view text, std::uint64_t uid);

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
