#include "collectors/kernel/network/net_namespace.h"

#include "collectors/kernel/system/procfs.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include <cerrno>

namespace tallyman {
namespace {

const char* file_of(NamespaceMark mark) { return mark == NamespaceMark::kNsNet ? "ns/net" : "net/dev"; }

}  // namespace

NamespaceMark namespace_mark_of(const HostRoot& root) {
  const std::string first = root.proc_path("1");
  const bool hidden = net_namespace_of(first, NamespaceMark::kNsNet) == 0;
  return hidden && is_on_procfs(first + "/net/dev") ? NamespaceMark::kNetDev : NamespaceMark::kNsNet;
}

std::uint64_t net_namespace_of(const std::string& process, NamespaceMark mark) {
  struct stat status {};
  return stat((process + "/" + file_of(mark)).c_str(), &status) == 0 ? status.st_ino : 0;
}

std::uint64_t net_namespace_of(int process, NamespaceMark mark) {
  struct stat status {};
  return fstatat(process, file_of(mark), &status, 0) == 0 ? status.st_ino : 0;
}

NamespaceHome::NamespaceHome(const HostRoot& root)
    : home_(open(root.proc_path("thread-self/ns/net").c_str(), O_RDONLY | O_CLOEXEC)),
      inode_(net_namespace_of(root.proc_path("thread-self"), namespace_mark_of(root))) {}

Result<void> NamespaceHome::enter(int process) {
  if (!home_.valid()) {
    return error_from_errno(ENOENT, "thread-self/ns/net");
  }
  const FileDescriptor there(openat(process, "ns/net", O_RDONLY | O_CLOEXEC));
  if (!there.valid()) {
    return error_from_errno(errno, "ns/net");
  }
  if (setns(there.get(), CLONE_NEWNET) != 0) {
    return error_from_errno(errno, "setns");
  }
  return {};
}

Result<void> NamespaceHome::return_home() {
  if (setns(home_.get(), CLONE_NEWNET) != 0) {
    return error_from_errno(errno, "setns");
  }
  return {};
}

}  // namespace tallyman
