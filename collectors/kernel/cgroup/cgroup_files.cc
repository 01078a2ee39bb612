#include "collectors/kernel/cgroup/cgroup_files.h"

#include "collectors/kernel/formats/proc_text.h"
#include "collectors/kernel/stats/cgroup_path.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace tallyman {
namespace {

enum class Keep : std::uint8_t { kOpen, kClosed };
constexpr auto kCore = Controller::kCount;  // v2 files that every cgroup has

struct FileSpec {
  CgroupFile file;
  bool v2;
  Controller controller;
  Keep keep;
  const char* name;
};

// Files that change every second are kept open, for 4.8 KB of kernel memory each.
constexpr FileSpec kSpecs[] = {
    {CgroupFile::kV1CpuacctUsage, false, Controller::kCpuacct, Keep::kOpen, "cpuacct.usage"},
    {CgroupFile::kV1CpuacctStat, false, Controller::kCpuacct, Keep::kOpen, "cpuacct.stat"},
    {CgroupFile::kV1CpuacctPercpu, false, Controller::kCpuacct, Keep::kOpen, "cpuacct.usage_percpu"},
    {CgroupFile::kV1CpuStat, false, Controller::kCpu, Keep::kOpen, "cpu.stat"},
    {CgroupFile::kV1MemoryStat, false, Controller::kMemory, Keep::kOpen, "memory.stat"},
    {CgroupFile::kV1MemoryUsage, false, Controller::kMemory, Keep::kOpen, "memory.usage_in_bytes"},
    {CgroupFile::kV1MemoryPeak, false, Controller::kMemory, Keep::kOpen, "memory.max_usage_in_bytes"},
    {CgroupFile::kV1MemoryFailcnt, false, Controller::kMemory, Keep::kOpen, "memory.failcnt"},
    {CgroupFile::kV1MemoryOomControl, false, Controller::kMemory, Keep::kOpen, "memory.oom_control"},
    {CgroupFile::kV1MemoryKernel, false, Controller::kMemory, Keep::kClosed, "memory.kmem.usage_in_bytes"},
    {CgroupFile::kV1IoBytes, false, Controller::kIo, Keep::kOpen, "blkio.throttle.io_service_bytes_recursive"},
    {CgroupFile::kV1IoOperations, false, Controller::kIo, Keep::kOpen, "blkio.throttle.io_serviced_recursive"},
    {CgroupFile::kV1BfqBytes, false, Controller::kIo, Keep::kOpen, "blkio.bfq.io_service_bytes_recursive"},
    {CgroupFile::kV1BfqOperations, false, Controller::kIo, Keep::kOpen, "blkio.bfq.io_serviced_recursive"},
    {CgroupFile::kV1CfqBytes, false, Controller::kIo, Keep::kOpen, "blkio.io_service_bytes_recursive"},
    {CgroupFile::kV1CfqOperations, false, Controller::kIo, Keep::kOpen, "blkio.io_serviced_recursive"},
    {CgroupFile::kV1OwnIoBytes, false, Controller::kIo, Keep::kOpen, "blkio.throttle.io_service_bytes"},
    {CgroupFile::kV1OwnIoOperations, false, Controller::kIo, Keep::kOpen, "blkio.throttle.io_serviced"},
    {CgroupFile::kV1PidsCurrent, false, Controller::kPids, Keep::kOpen, "pids.current"},
    {CgroupFile::kV1CpuQuota, false, Controller::kCpu, Keep::kClosed, "cpu.cfs_quota_us"},
    {CgroupFile::kV1CpuPeriod, false, Controller::kCpu, Keep::kClosed, "cpu.cfs_period_us"},
    {CgroupFile::kV1CpuShares, false, Controller::kCpu, Keep::kClosed, "cpu.shares"},
    {CgroupFile::kV1MemoryLimit, false, Controller::kMemory, Keep::kClosed, "memory.limit_in_bytes"},
    {CgroupFile::kV1MemoryswLimit, false, Controller::kMemory, Keep::kClosed, "memory.memsw.limit_in_bytes"},
    {CgroupFile::kV1MemorySoftLimit, false, Controller::kMemory, Keep::kClosed, "memory.soft_limit_in_bytes"},
    {CgroupFile::kV1PidsMax, false, Controller::kPids, Keep::kClosed, "pids.max"},
    {CgroupFile::kV1CpusetCpus, false, Controller::kCpuset, Keep::kClosed, "cpuset.effective_cpus"},
    {CgroupFile::kV1CpusetMigrate, false, Controller::kCpuset, Keep::kClosed, "cpuset.memory_migrate"},
    {CgroupFile::kV1NumaStat, false, Controller::kMemory, Keep::kClosed, "memory.numa_stat"},
    {CgroupFile::kV1FreezerState, false, Controller::kFreezer, Keep::kClosed, "freezer.state"},
    {CgroupFile::kCpuStat, true, kCore, Keep::kOpen, "cpu.stat"},
    {CgroupFile::kMemoryStat, true, Controller::kMemory, Keep::kOpen, "memory.stat"},
    {CgroupFile::kMemoryCurrent, true, Controller::kMemory, Keep::kOpen, "memory.current"},
    {CgroupFile::kMemoryPeak, true, Controller::kMemory, Keep::kOpen, "memory.peak"},
    {CgroupFile::kMemorySwapCurrent, true, Controller::kMemory, Keep::kOpen, "memory.swap.current"},
    {CgroupFile::kMemoryEvents, true, Controller::kMemory, Keep::kOpen, "memory.events"},
    {CgroupFile::kIoStat, true, Controller::kIo, Keep::kOpen, "io.stat"},
    {CgroupFile::kPidsCurrent, true, Controller::kPids, Keep::kOpen, "pids.current"},
    {CgroupFile::kCpuPressure, true, kCore, Keep::kOpen, "cpu.pressure"},
    {CgroupFile::kMemoryPressure, true, kCore, Keep::kOpen, "memory.pressure"},
    {CgroupFile::kIoPressure, true, kCore, Keep::kOpen, "io.pressure"},
    {CgroupFile::kIrqPressure, true, kCore, Keep::kOpen, "irq.pressure"},
    {CgroupFile::kCpuMax, true, Controller::kCpu, Keep::kClosed, "cpu.max"},
    {CgroupFile::kCpuWeight, true, Controller::kCpu, Keep::kClosed, "cpu.weight"},
    {CgroupFile::kMemoryMax, true, Controller::kMemory, Keep::kClosed, "memory.max"},
    {CgroupFile::kMemoryHigh, true, Controller::kMemory, Keep::kClosed, "memory.high"},
    {CgroupFile::kMemoryLow, true, Controller::kMemory, Keep::kClosed, "memory.low"},
    {CgroupFile::kMemoryMin, true, Controller::kMemory, Keep::kClosed, "memory.min"},
    {CgroupFile::kMemorySwapMax, true, Controller::kMemory, Keep::kClosed, "memory.swap.max"},
    {CgroupFile::kPidsMax, true, Controller::kPids, Keep::kClosed, "pids.max"},
    {CgroupFile::kCpusetCpus, true, Controller::kCpuset, Keep::kClosed, "cpuset.cpus.effective"},
    {CgroupFile::kNumaStat, true, Controller::kMemory, Keep::kClosed, "memory.numa_stat"},
    {CgroupFile::kCgroupEvents, true, kCore, Keep::kClosed, "cgroup.events"},
};
static_assert(std::size(kSpecs) == kCgroupFiles);

constexpr bool specs_are_in_order() {
  for (int i = 0; i < kCgroupFiles; ++i) {
    if (static_cast<int>(kSpecs[i].file) != i) {
      return false;
    }
  }
  return true;
}
static_assert(specs_are_in_order());

constexpr std::int32_t kNotOpened = -1;
constexpr std::int32_t kMissing = -2;

bool has_file(int directory, const char* name) { return faccessat(directory, name, F_OK, 0) == 0; }

// Whether this kernel has the file, by the root cgroup. Asking each cgroup for what few kernels have costs too much.
bool kernel_has(int root, CgroupFile file) {
  switch (file) {
    case CgroupFile::kV1BfqBytes:
    case CgroupFile::kV1BfqOperations:
    case CgroupFile::kV1CfqBytes:
    case CgroupFile::kV1CfqOperations:
      return has_file(root, kSpecs[static_cast<std::size_t>(file)].name);
    case CgroupFile::kV1OwnIoBytes:
    case CgroupFile::kV1OwnIoOperations:  // only where there is no sum over the cgroups below
      return has_file(root, kSpecs[static_cast<std::size_t>(file)].name) &&
             !has_file(root, kSpecs[static_cast<std::size_t>(CgroupFile::kV1IoBytes)].name);
    default:
      return true;
  }
}

const FileSpec& spec_of(CgroupFile file) { return kSpecs[static_cast<std::size_t>(file)]; }

int find_hierarchy(const CgroupMounts& mounts, const FileSpec& spec) {
  if (!spec.v2) {
    return mounts.v1_index(spec.controller);
  }
  return spec.controller == kCore || mounts.v2_has(spec.controller) ? mounts.unified_index() : -1;
}

FileDescriptor open_below(int directory, const std::string& cgroup, std::string_view name) {
  char path[4096];
  if (cgroup.size() + name.size() + 2 > sizeof path) {
    errno = ENAMETOOLONG;
    return {};
  }
  char* end = path + cgroup.copy(path, cgroup.size());
  *end++ = '/';
  end += name.copy(end, name.size());
  *end = '\0';
  return FileDescriptor(openat(directory, path, O_RDONLY | O_CLOEXEC));
}

}  // namespace

CgroupRoots::CgroupRoots(const CgroupMounts& mounts, std::size_t files_kept_open)
    : mounts_(mounts), discovery_order_(mounts.discovery_order()), hierarchy_of_{}, budget_(files_kept_open) {
  for (const Hierarchy& one : mounts_.hierarchies()) {
    directories_.emplace_back(open(one.path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  for (const FileSpec& spec : kSpecs) {
    const int hierarchy = find_hierarchy(mounts_, spec);
    const bool known = hierarchy >= 0 && kernel_has(directory(hierarchy), spec.file);
    hierarchy_of_[static_cast<std::size_t>(spec.file)] = known ? hierarchy : -1;
  }
}

CgroupFiles::CgroupFiles(CgroupRoots& roots, const std::string& cgroup_path) : roots_(roots) {
  path_ = CgroupPath(cgroup_path).relative();
  descriptors_.fill(kNotOpened);
}

CgroupFiles::~CgroupFiles() {
  for (const std::int32_t fd : descriptors_) {
    if (fd >= 0) {
      close(fd);
      roots_.budget().give_back();
    }
  }
}

Result<std::string_view> CgroupFiles::read(CgroupFile file, ReadBuffer& buffer) {
  const std::int32_t fd = descriptors_[static_cast<std::size_t>(file)];
  if (fd >= 0) {
    return read_record(fd, buffer);
  }
  if (fd == kMissing) {
    return Error{ErrorKind::kUnsupported, 0, {}};
  }
  return open_and_read(file, buffer);
}

Result<std::string_view> CgroupFiles::open_and_read(CgroupFile file, ReadBuffer& buffer) {
  const FileSpec& spec = spec_of(file);
  std::int32_t& slot = descriptors_[static_cast<std::size_t>(file)];
  const int hierarchy = roots_.hierarchy_of(file);
  if (hierarchy < 0) {
    slot = kMissing;
    return Error{ErrorKind::kUnsupported, 0, {}};
  }
  FileDescriptor opened = open(hierarchy, spec.name);
  if (!opened.valid()) {
    if (errno == ENOENT) {
      slot = kMissing;
      return explain_missing(hierarchy);
    }
    return error_from_errno(errno, name_of(file));
  }
  Result<std::string_view> text = read_record(opened.get(), buffer);
  if (!text && text.error().kind == ErrorKind::kUnsupported) {
    slot = kMissing;  // PSI that is switched off answers EOPNOTSUPP
  } else if (text && spec.keep == Keep::kOpen && roots_.budget().take()) {
    slot = opened.release();
  }
  return text;
}

// After rmdir a path gives ENOENT, and so does a file that a live cgroup lacks.
Error CgroupFiles::explain_missing(int hierarchy) const {
  if (open(hierarchy, "cgroup.procs").valid() || errno != ENOENT) {
    return Error{ErrorKind::kUnsupported, ENOENT, {}};
  }
  for (const int other : roots_.discovery_order()) {
    if (other != hierarchy && open(other, "cgroup.procs").valid()) {
      return Error{ErrorKind::kUnsupported, ENOENT, {}};
    }
  }
  return Error{ErrorKind::kGone, ENOENT, {}};
}

Result<std::string_view> CgroupFiles::read(int hierarchy, std::string_view name, ReadBuffer& buffer) {
  if (hierarchy < 0) {
    return Error{ErrorKind::kUnsupported, 0, {}};
  }
  const FileDescriptor file = open(hierarchy, name);
  if (!file.valid()) {
    return error_from_errno(errno, {});
  }
  return read_record(file.get(), buffer);
}

std::uint64_t CgroupFiles::unified_inode() const {
  const int unified = roots_.unified_hierarchy();
  struct stat status {};
  return unified >= 0 && fstatat(roots_.directory(unified), path_.c_str(), &status, 0) == 0 ? status.st_ino : 0;
}

Result<std::vector<std::uint32_t>> CgroupFiles::processes(ReadBuffer& buffer) {
  Error last{ErrorKind::kUnsupported, ENOENT, path_};
  std::vector<std::uint32_t> pids;
  bool readable = false;
  for (const int hierarchy : roots_.discovery_order()) {
    const FileDescriptor file = open(hierarchy, "cgroup.procs");
    if (!file.valid()) {
      last = error_from_errno(errno, path_);
      continue;
    }
    const Result<std::string_view> text = read_to_end(file.get(), buffer);
    if (!text) {
      last = text.error();
      continue;
    }
    formats::parse_pids(*text, pids);
    if (!pids.empty()) {
      return pids;
    }
    readable = true;
  }
  if (readable) {
    return pids;
  }
  return last;
}

// Not by the cgroups that are measured: those could be bounded, or left out.
std::vector<std::uint32_t> CgroupFiles::processes_below(std::size_t most, ReadBuffer& buffer) {
  constexpr std::size_t kMaxCgroups = 64;
  for (const int hierarchy : roots_.discovery_order()) {
    std::vector<std::uint32_t> all, pids;
    std::vector<std::string> cgroups = {name_of(hierarchy, "")};
    for (std::size_t i = 0; i < cgroups.size() && all.size() < most; ++i) {
      const Result<std::string_view> text =
          i == 0 ? Result<std::string_view>(std::string_view()) : read_file(cgroups[i] + "cgroup.procs", buffer);
      if (text && formats::parse_pids(*text, pids) == 0) {
        all.insert(all.end(), pids.begin(),
                   pids.begin() + static_cast<std::ptrdiff_t>(std::min(pids.size(), most - all.size())));
      }
      for (const std::string& name : directories_in(cgroups[i])) {
        if (cgroups.size() < kMaxCgroups) {
          cgroups.push_back(cgroups[i] + name + '/');
        }
      }
    }
    if (!all.empty()) {
      return all;
    }
  }
  return {};
}

FileDescriptor CgroupFiles::open(int hierarchy, std::string_view name) const {
  FileDescriptor file = open_below(roots_.directory(hierarchy), path_, name);
  for (const std::string& other : other_paths_) {
    if (file.valid() || errno != ENOENT) {
      break;
    }
    file = open_below(roots_.directory(hierarchy), other, name);
  }
  return file;
}

void CgroupFiles::also_at(const std::string& other_path) {
  std::string relative(CgroupPath(other_path).relative());
  if (std::find(other_paths_.begin(), other_paths_.end(), relative) == other_paths_.end()) {
    other_paths_.push_back(std::move(relative));
    retry_missing();
  }
}

void CgroupFiles::retry_missing() {
  for (int i = 0; i < kCgroupFiles; ++i) {
    std::int32_t& slot = descriptors_[static_cast<std::size_t>(i)];
    if (slot == kMissing && roots_.hierarchy_of(static_cast<CgroupFile>(i)) >= 0) {
      slot = kNotOpened;
    }
  }
}

void CgroupFiles::release(CgroupFile file) {
  std::int32_t& slot = descriptors_[static_cast<std::size_t>(file)];
  if (slot >= 0) {
    close(slot);
    roots_.budget().give_back();
    slot = kNotOpened;
  }
}

std::string CgroupFiles::name_of(CgroupFile file) const {
  return name_of(roots_.hierarchy_of(file), spec_of(file).name);
}

std::string CgroupFiles::name_of(int hierarchy, std::string_view name) const {
  std::string whole = hierarchy < 0 ? std::string() : roots_.path(hierarchy) + '/';
  if (path_ != ".") {
    whole += path_ + '/';
  }
  return whole.append(name);
}

}  // namespace tallyman
