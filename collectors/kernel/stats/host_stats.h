// What is known about the machine itself, beyond its root cgroup.
#pragma once

#include "collectors/kernel/stats/count.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tallyman {

// One row of /proc/diskstats (Documentation/admin-guide/iostats.rst). Sectors have 512
// bytes, whatever the device's own sector size.
struct DiskStats {
  std::uint32_t major = 0, minor = 0;
  std::string device;
  std::uint64_t reads = 0, reads_merged = 0, sectors_read = 0, read_msec = 0;
  std::uint64_t writes = 0, writes_merged = 0, sectors_written = 0, write_msec = 0;
  std::uint64_t in_flight = 0, io_msec = 0, weighted_io_msec = 0;
};

// A whole block device, and what it lies on: a device mapper's on its disks, a RAID on its members, a loop device
// on the disk that has its file. The same byte then counts in each of them.
struct BlockDevice {
  std::string path;                  // "/dev/dm-0", "/dev/cciss/c0d0"
  std::vector<std::string> lies_on;  // the devices directly below, whole disks for partitions; sorted
  std::uint32_t stack = 0;           // the same number for all that are joined in this way; 0: it stands alone
  bool is_top = true;                // nothing lies on it
  // In its stack a byte may be written to several devices at the bottom, or to none: a mirror, parity, a cache.
  bool in_redundant_stack = false;

  bool is_bottom() const { return lies_on.empty(); }
  // Adding up these devices alone counts each byte once.
  bool is_counted() const { return in_redundant_stack ? is_top : is_bottom(); }
};

// /proc/meminfo, in bytes.
struct MemInfo {
  Count total, free, available, swap_total, swap_free;
};

struct DimmStats {
  std::string type;  // edac's dimm_mem_type: "Registered-DDR4"
  std::uint64_t count = 0, bytes = 0;
};

// Facts that are valid until reboot (except for hot-plugging): read at start and in slow passes.
struct MachineInfo {
  std::string machine_id, system_uuid, boot_id;  // empty if not readable
  std::string hostname, kernel_version, os_version;
  unsigned cpu_cores = 0, physical_cores = 0, sockets = 0;  // 0: not known
  std::vector<bool> online_cpus;                            // by number; empty: not known
  std::vector<DimmStats> dimms;
  std::optional<std::uint64_t> boot_time_seconds;

  bool is_offline(std::size_t cpu) const {
    return !online_cpus.empty() && (cpu >= online_cpus.size() || !online_cpus[cpu]);
  }
};

// Tasks that run or wait for a CPU or a disk, averaged over 1, 5 and 15 minutes: /proc/loadavg, proc_loadavg(5).
using LoadAverage = std::array<double, 3>;

struct HostStats {
  MachineInfo machine;
  MemInfo memory;
  std::vector<DiskStats> disks;
  std::optional<LoadAverage> load_average;
  std::vector<BlockDevice> block_devices;  // of this machine, sorted by path; read like the machine's facts
};

}  // namespace tallyman
