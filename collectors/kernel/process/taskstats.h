// The kernel's taskstats by generic netlink (Documentation/accounting/taskstats.rst):
// exact CPU time, run-queue delay and context switches of a process with all its threads,
// also ended ones, and a record of every exit. Needs CAP_NET_ADMIN, the first PID, user
// and network namespaces, and Linux 5.19: its records name the process of a thread. One
// thread owns it.
#pragma once

#include "collectors/kernel/system/error.h"
#include "collectors/kernel/system/file_descriptor.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

// For a whole process, or for one thread.
struct TaskTimes {
  std::uint64_t run_nsec = 0, runqueue_nsec = 0, timeslices = 0;
  std::uint64_t utime_usec = 0, stime_usec = 0;  // by ticks: the proportions of run_nsec
  std::uint64_t voluntary_switches = 0, involuntary_switches = 0;
};

// The file that a process runs, in the kernel's own numbers; 0: unknown. stat() of /proc/PID/exe
// asks the file system instead, which may not answer, and gets others from overlayfs and btrfs.
struct ExecutableFile {
  std::uint64_t device = 0, inode = 0;
};

// A thread has ended.
struct TaskExit {
  std::uint32_t pid = 0, tgid = 0, ppid = 0, uid = 0;
  std::uint32_t wait_status = 0;  // of this thread: the last one has that of the process
  std::string comm;
  ExecutableFile executable;
  TaskTimes thread;
  std::uint64_t minflt = 0, majflt = 0, read_bytes = 0, write_bytes = 0;  // of this thread
  // Set if the process ended with this thread: the times of the whole process.
  std::optional<TaskTimes> process;
};

// Parses one message of the kernel (a struct nlmsghdr and its payload); empty if it is
// not a known exit. Safe on any bytes.
std::optional<TaskExit> parse_task_exit(std::string_view message);

class Taskstats {
 public:
  // kUnsupported or kDenied if it is not available; `where` says what is missing.
  static Result<std::unique_ptr<Taskstats>> open();
  virtual ~Taskstats() = default;

  // The times of each process, empty if it is gone: as many as `pids`.
  virtual std::vector<std::optional<TaskTimes>> times(std::span<const std::uint32_t> pids) = 0;

  // The files that they run: as many as `pids`.
  virtual std::vector<ExecutableFile> executables(std::span<const std::uint32_t> pids) = 0;

  // Takes the exits since the last call, in order. Never waits.
  virtual void take_exits(std::vector<TaskExit>& out) = 0;
  // Number of times that the kernel's buffer was full and exits were lost.
  virtual std::uint64_t overflows() const = 0;
};

}  // namespace tallyman
