// The files of one process below /proc/PID, each opened, read and closed. kGone: the
// process has ended meanwhile. kUnsupported: the process exists, the file does not.
// kDenied: the kernel refuses this agent (the error names the process, which changes from
// one to the next; log what is missing instead). One thread owns it.
#pragma once

#include "collectors/kernel/stats/process_stats.h"
#include "collectors/kernel/system/error.h"
#include "collectors/kernel/system/host_root.h"
#include "collectors/kernel/system/kernel_file.h"

#include <cstdint>
#include <string>
#include <vector>

namespace tallyman {

// From /proc/PID/fd.
struct OpenFiles {
  std::uint64_t count = 0;
  Count sockets;  // empty: too many files to check each one
};

struct ThreadSched {
  std::uint32_t id = 0;
  SchedStat sched;
  PidStatus status;
};

class ProcessFiles {
 public:
  using Pid = std::uint32_t;
  static constexpr std::uint64_t kMaxFilesChecked = 4096;

  explicit ProcessFiles(HostRoot root) : root_(std::move(root)) {}

  // All existing processes, in no order.
  Result<std::vector<Pid>> pids();

  Result<PidStat> stat(Pid pid);
  Result<PidMemory> memory(Pid pid);
  Result<PidIo> io(Pid pid);
  Result<PidStatus> status(Pid pid);
  Result<std::vector<CgroupMembership>> cgroups(Pid pid);
  Result<Count> pss_bytes(Pid pid);  // blocks the process for 15 ms per GB
  Result<Count> open_files_limit(Pid pid);
  Result<OpenFiles> open_files(Pid pid);

  // The name of the file that it runs, at most kMaxNameBytes of it, from the target of
  // /proc/PID/exe. The link is never followed: the file may be on a file system that does
  // not answer (FUSE, a dead NFS server). Empty for a kernel thread, and for a program that
  // is only in memory (memfd_create). A program that was replaced on disk meanwhile keeps
  // its name.
  static constexpr std::size_t kMaxNameBytes = 64;
  Result<std::string> program(Pid pid);
  // Its arguments, separated by blanks; at most kMaxCommandBytes.
  static constexpr std::size_t kMaxCommandBytes = 4096;
  Result<std::string> command_line(Pid pid);
  Result<NamespaceIds> namespaces(Pid pid);

  // One entry per thread; those that end meanwhile are left out.
  Result<std::vector<ThreadSched>> threads_sched(Pid pid);
  Result<std::vector<char>> threads_states(Pid pid);

  // The user's name in the host's /etc/passwd; empty if it is not there.
  std::string user_name(std::uint64_t uid);

 private:
  std::string path(Pid pid, const char* file) const;
  Result<std::string_view> text(Pid pid, const char* file);
  Result<std::vector<Pid>> thread_ids(Pid pid);
  Error error_of(int code, Pid pid, const char* file) const;

  HostRoot root_;
  ReadBuffer buffer_;
};

}  // namespace tallyman
