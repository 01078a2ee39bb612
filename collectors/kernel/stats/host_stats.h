// What is known about the machine itself, beyond its root cgroup.
#pragma once

#include "collectors/kernel/stats/cgroup_stats.h"

#include <map>
#include <string>
#include <vector>

namespace tallyman {

struct DimmStats {
  std::string type;  // edac's dimm_mem_type: "Registered-DDR4"
  std::uint64_t count = 0, bytes = 0;
};

// Facts that are valid until reboot (except for hot-plugging): read at start and in slow passes.
struct MachineInfo {
  std::string machine_id, system_uuid, boot_id;  // empty if not readable
  std::string hostname, kernel_version, os_version;
  unsigned cpu_cores = 0, physical_cores = 0, sockets = 0;  // 0: not known
  std::vector<DimmStats> dimms;
  std::optional<std::uint64_t> boot_time_seconds;
};

struct HostStats {
  MachineInfo machine;
  MemInfo memory;
  std::vector<DiskStats> disks;
};

}  // namespace tallyman
