#include "collectors/kernel/filesystem/project_quota.h"

#include "collectors/kernel/system/file_descriptor.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/quota.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace tallyman {
namespace {

constexpr int kProjectQuota = 2;  // PRJQUOTA of linux/quota.h, which cannot be included together with sys/quota.h
#ifdef SYS_quotactl_fd
constexpr long kQuotactlFd = SYS_quotactl_fd;
#else
constexpr long kQuotactlFd = 443;  // the same on all architectures
#endif

}  // namespace

std::uint32_t project_of(int directory) {
  fsxattr attributes{};
  if (ioctl(directory, FS_IOC_FSGETXATTR, &attributes) != 0 || (attributes.fsx_xflags & FS_XFLAG_PROJINHERIT) == 0) {
    return 0;
  }
  return attributes.fsx_projid;
}

std::uint32_t own_project_of(int directory) {
  const std::uint32_t project = project_of(directory);
  if (project == 0) {
    return 0;
  }
  const FileDescriptor above(openat(directory, "../..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return above.valid() && project_of(above.get()) != project ? project : 0;
}

// By descriptor (Linux 5.14), so that no path of a block device is needed.
Result<ProjectUsage> project_usage(int directory, std::uint32_t project) {
  dqblk quota{};
  if (syscall(kQuotactlFd, directory, QCMD(Q_GETQUOTA, kProjectQuota), project, &quota) != 0) {
    const bool denied = errno == EPERM || errno == EACCES;
    return Error{denied ? ErrorKind::kDenied : ErrorKind::kUnsupported, errno, "project quota"};
  }
  ProjectUsage usage{quota.dqb_curspace, quota.dqb_curinodes, {}};
  if (quota.dqb_bhardlimit != 0) {
    usage.limit_bytes = quota.dqb_bhardlimit * 1024;  // QIF_DQBLKSIZE
  }
  return usage;
}

}  // namespace tallyman
