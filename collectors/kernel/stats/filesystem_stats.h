// What is known about file systems: the host's disks, and what containers have written to
// them. Values.
#pragma once

#include "collectors/kernel/stats/count.h"

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
  std::uint64_t available_bytes = 0;  // for users other than root
  Count inodes_total, inodes_free;    // empty if the file system creates them as needed
};

enum class UsageSource : std::uint8_t {
  kWalk,        // added up, file by file
  kQuota,       // from the file system's project quota
  kFilesystem,  // a file system of its own
};
std::string_view to_string(UsageSource source);  // "walk", ...

// The usage of one directory with everything below it.
struct TreeStats {
  std::string device;
  std::uint64_t bytes = 0;
  Count inodes;
  Count limit_bytes;                 // only if it is set for this tree
  std::uint64_t capacity_bytes = 0;  // of the file system that contains it
  std::uint64_t measured_nsec = 0;   // since the epoch: the start of the measurement
  UsageSource source = UsageSource::kWalk;
};

struct VolumeStats {
  std::string name;
  unsigned users = 0;              // workloads that use it
  bool counts_here = false;        // one of the sharers reports the usage, so that a sum counts it once
  std::optional<TreeStats> usage;  // set only for the one that counts here
};

// For one workload. What is not known yet is empty.
struct WorkloadFilesystems {
  std::vector<DiskFilesystem> disks;  // only for the host
  std::optional<TreeStats> layer;
  std::vector<VolumeStats> volumes;
};

}  // namespace tallyman
