// The files of one cgroup: found in the right hierarchy, opened once, read by
// pread. Decides in one place whether a missing file is a missing controller or
// a removed cgroup. Belongs to one thread.
#pragma once

#include "collectors/kernel/cgroup/cgroup_mounts.h"
#include "collectors/kernel/system/error.h"
#include "collectors/kernel/system/file_descriptor.h"
#include "collectors/kernel/system/kernel_file.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

// Every cgroup file that is read, by version.
enum class CgroupFile : std::uint8_t {
  kV1CpuacctUsage,
  kV1CpuacctStat,
  kV1CpuacctPercpu,
  kV1CpuStat,
  kV1MemoryStat,
  kV1MemoryUsage,
  kV1MemoryPeak,
  kV1MemoryFailcnt,
  kV1MemoryOomControl,
  kV1MemoryKernel,
  kV1IoBytes,
  kV1IoOperations,
  kV1BfqBytes,
  kV1BfqOperations,
  kV1CfqBytes,
  kV1CfqOperations,
  kV1OwnIoBytes,
  kV1OwnIoOperations,
  kV1PidsCurrent,
  kV1CpuQuota,
  kV1CpuPeriod,
  kV1CpuShares,
  kV1MemoryLimit,
  kV1MemoryswLimit,
  kV1MemorySoftLimit,
  kV1PidsMax,
  kV1CpusetCpus,
  kV1CpusetMigrate,
  kV1NumaStat,
  kV1FreezerState,
  kCpuStat,
  kMemoryStat,
  kMemoryCurrent,
  kMemoryPeak,
  kMemorySwapCurrent,
  kMemoryEvents,
  kIoStat,
  kPidsCurrent,
  kCpuPressure,
  kMemoryPressure,
  kIoPressure,
  kIrqPressure,
  kCpuMax,
  kCpuWeight,
  kMemoryMax,
  kMemoryHigh,
  kMemoryLow,
  kMemoryMin,
  kMemorySwapMax,
  kPidsMax,
  kCpusetCpus,
  kNumaStat,
  kCgroupEvents,
  kCount,
};
inline constexpr int kCgroupFiles = static_cast<int>(CgroupFile::kCount);

// The directories of all cgroup hierarchies, one open handle each. Shared by all
// CgroupFiles and must outlive them.
class CgroupRoots {
 public:
  CgroupRoots(const CgroupMounts& mounts, std::size_t files_kept_open);

  // Index of the hierarchy that has `file`, or -1: no such controller there.
  int hierarchy_of(CgroupFile file) const { return hierarchy_of_[static_cast<std::size_t>(file)]; }
  int directory(int hierarchy) const { return directories_[static_cast<std::size_t>(hierarchy)].get(); }
  int v1_hierarchy(Controller controller) const { return mounts_.v1_index(controller); }
  int v2_hierarchy(Controller controller) const { return mounts_.v2_has(controller) ? mounts_.unified_index() : -1; }
  int unified_hierarchy() const { return mounts_.unified_index(); }
  // The hierarchies to search for a cgroup's processes, in this order.
  const std::vector<int>& discovery_order() const { return discovery_order_; }
  FileBudget& budget() { return budget_; }
  const FileBudget& budget() const { return budget_; }
  const std::string& path(int hierarchy) const {
    return mounts_.hierarchies()[static_cast<std::size_t>(hierarchy)].path;
  }

 private:
  CgroupMounts mounts_;
  std::vector<FileDescriptor> directories_;
  std::vector<int> discovery_order_;
  std::array<int, kCgroupFiles> hierarchy_of_;
  FileBudget budget_;
};

class CgroupFiles {
 public:
  CgroupFiles(CgroupRoots& roots, const std::string& cgroup_path);
  ~CgroupFiles();
  CgroupFiles(const CgroupFiles&) = delete;
  CgroupFiles& operator=(const CgroupFiles&) = delete;

  // The text, in `buffer` until its next use. kUnsupported: this cgroup has no
  // such file (remembered until retry_missing()); kGone: the cgroup was removed.
  Result<std::string_view> read(CgroupFile file, ReadBuffer& buffer);
  // A file with a name composed at run time (hugetlb.2MB.current); never kept open.
  Result<std::string_view> read(int hierarchy, std::string_view name, ReadBuffer& buffer);
  // Process ids of this cgroup itself, from the first hierarchy that has any.
  Result<std::vector<std::uint32_t>> processes(ReadBuffer& buffer);
  // Of the cgroups below, the nearest first; at most `most`.
  std::vector<std::uint32_t> processes_below(std::size_t most, ReadBuffer& buffer);

  // Inode of the cgroup's directory in the v2 tree; 0 if there is none.
  std::uint64_t unified_inode() const;

  // Where a hierarchy does not have it at its own path.
  void also_at(const std::string& other_path);
  void retry_missing();
  // Closes a file if it is kept open; the next read() opens it again.
  void release(CgroupFile file);
  // For error messages: the whole path.
  std::string name_of(CgroupFile file) const;
  std::string name_of(int hierarchy, std::string_view name) const;

 private:
  Result<std::string_view> open_and_read(CgroupFile file, ReadBuffer& buffer);
  Error explain_missing(int hierarchy) const;

  CgroupRoots& roots_;
  FileDescriptor open(int hierarchy, std::string_view name) const;

  std::string path_;  // relative: "docker/ID", "." for the root
  std::vector<std::string> other_paths_;
  std::array<std::int32_t, kCgroupFiles> descriptors_;
};

}  // namespace tallyman
