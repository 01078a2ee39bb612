// Identifies network namespaces, and lets a thread enter them.
#pragma once

#include "collectors/kernel/system/error.h"
#include "collectors/kernel/system/file_descriptor.h"
#include "collectors/kernel/system/host_root.h"

#include <cstdint>
#include <string>

namespace tallyman {

// The inode that identifies a process's network namespace. Reading ns/net needs ptrace
// rights over the process. Everyone may read net/dev, and the inodes of /proc/PID/net
// differ between namespaces and are the same in every procfs (proc_alloc_inum() in
// fs/proc/generic.c).
enum class NamespaceMark : std::uint8_t { kNsNet, kNetDev };
// What can be read of the host's first process: kNetDev only on a real procfs.
NamespaceMark namespace_mark_of(const HostRoot& root);

// `process`: its directory, "/proc/123". 0: not readable; errno says why.
std::uint64_t net_namespace_of(const std::string& process, NamespaceMark mark);
// The same through a handle of the directory, which can never mean another process.
std::uint64_t net_namespace_of(int process, NamespaceMark mark);

// A workload's network namespace, as NetworkSource decides it.
struct NetworkPlace {
  std::string process;      // the directory of a process in it
  std::uint64_t inode = 0;  // by `mark`; 0: a recorded host, or no permission
  NamespaceMark mark = NamespaceMark::kNsNet;
  std::uint32_t pid = 0;  // pid of that process in the agent's PID namespace; 0: not known
  bool operator==(const NetworkPlace&) const = default;
};

// The namespace of the calling thread, and the way back. One thread owns it.
class NamespaceHome {
 public:
  explicit NamespaceHome(const HostRoot& root);

  bool is(const NetworkPlace& place) const { return inode_ != 0 && inode_ == place.inode; }
  // Enters the namespace of the process (a handle of its directory). Needs
  // CAP_SYS_ADMIN and, to open ns/net, CAP_SYS_PTRACE.
  Result<void> enter(int process);
  // After enter(). An error: the thread is stuck in the other namespace and must do
  // nothing more in it.
  Result<void> return_home();

 private:
  FileDescriptor home_;
  std::uint64_t inode_ = 0;
};

}  // namespace tallyman
