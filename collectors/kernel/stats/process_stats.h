// What the kernel reports about one process below /proc/PID. Base units, unless a name
// says otherwise; what the kernel does not report is empty.
#pragma once

#include "collectors/kernel/stats/count.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

// USER_HZ: 100 a second in user space, whatever the kernel's own rate.
inline constexpr std::uint64_t kNsecPerTick = 10'000'000;

// /proc/PID/stat (proc_pid_stat(5)). For the whole process: all its threads, also ended
// ones.
struct PidStat {
  std::uint32_t pid = 0, ppid = 0;
  std::string comm;  // at most 15 bytes: the executable's name, or the name that the process gave itself
  char state = '?';  // R S D T t Z X I
  std::uint64_t flags = 0;
  std::uint64_t minflt = 0, majflt = 0, utime_ticks = 0, stime_ticks = 0;
  // The same for children that it has waited for, including their own children.
  std::uint64_t cminflt = 0, cmajflt = 0, cutime_ticks = 0, cstime_ticks = 0;
  std::uint64_t threads = 0;
  std::uint64_t start_ticks = 0;  // since boot: identifies the process together with pid
  std::uint64_t rss_pages = 0;

  bool is_kernel_thread() const {
    constexpr std::uint64_t kKernelThread = 0x00200000;  // PF_KTHREAD of linux/sched.h
    return (flags & kKernelThread) != 0;
  }
  bool is_dead() const { return state == 'Z' || state == 'X'; }
};

// /proc/PID/statm, in pages.
struct PidMemory {
  std::uint64_t size = 0, resident = 0;
  std::uint64_t shared = 0;  // part of resident: files and shared memory
};

// /proc/PID/io: bytes read from and written to block devices.
struct PidIo {
  Count read_bytes, write_bytes;
};

// /proc/PID/schedstat, /proc/PID/task/TID/schedstat: for that one thread.
struct SchedStat {
  std::uint64_t run_nsec = 0, runqueue_nsec = 0, timeslices = 0;
};

// The fields read from /proc/PID/status.
struct PidStatus {
  Count uid;                                       // the real one
  Count swap_bytes;                                // VmSwap
  Count voluntary_switches, involuntary_switches;  // for this one thread
};

// One row of /proc/PID/cgroup.
struct CgroupMembership {
  std::uint32_t hierarchy = 0;  // 0 is v2's
  std::string path;
};

enum class NamespaceType : std::uint8_t { kCgroup, kIpc, kMnt, kNet, kPid, kTime, kUser, kUts };
inline constexpr std::size_t kNamespaceTypes = 8;
std::string_view to_string(NamespaceType type);  // the name in /proc/PID/ns

// Inodes, by type; 0 if it could not be read.
using NamespaceIds = std::array<std::uint64_t, kNamespaceTypes>;

}  // namespace tallyman
