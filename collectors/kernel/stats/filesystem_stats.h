// What is known of file systems: the host's disks, and what containers have
// written to them. Values.
#pragma once

#include "collectors/kernel/stats/cgroup_stats.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

// One of the host's disks, from statfs.
struct DiskFilesystem {
  std::string device;  // "/dev/vda1", "pool/data"
  std::string mount_point, fs_type;
  std::uint64_t size_bytes = 0, used_bytes = 0;
  std::uint64_t available_bytes = 0;  // to others than root
  Count inodes_total, inodes_free;    // empty where the file system makes them as needed
};

enum class UsageSource : std::uint8_t {
  kWalk,        // added up, file by file
  kQuota,       // by the file system's project quota
  kFilesystem,  // a file system of its own
};
std::string_view to_string(UsageSource source);  // "walk", ...

// What one directory takes with everything below it.
struct TreeStats {
  std::string device;
  std::uint64_t bytes = 0;
  Count inodes;
  Count limit_bytes;                 // set for this tree alone
  std::uint64_t capacity_bytes = 0;  // of the file system that contains it
  std::uint64_t measured_nsec = 0;   // since the epoch: what was there then is counted
  UsageSource source = UsageSource::kWalk;
};

struct VolumeStats {
  std::string name;
  unsigned users = 0;              // workloads that have it
  bool counts_here = false;        // one of the sharers reports the usage, so that a sum counts it once
  std::optional<TreeStats> usage;  // with that one alone
};

// For one workload. What is not known yet is empty.
struct WorkloadFilesystems {
  std::vector<DiskFilesystem> disks;  // the host's alone
  std::optional<TreeStats> layer;
  std::vector<VolumeStats> volumes;
};

}  // namespace tallyman
