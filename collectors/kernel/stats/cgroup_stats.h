// What the kernel accounts for one cgroup, the same for v1 and v2. Fields are named as
// cgroup v2 names them (Documentation/admin-guide/cgroup-v2.rst) and have base units:
// bytes, nanoseconds, counts. A field that the kernel does not report is empty, never 0.
#pragma once

#include "collectors/kernel/stats/count.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace tallyman {

struct CpuStats {
  Count usage_nsec, user_nsec, system_nsec;
  // CFS bandwidth control. Only read if a quota is set.
  Count nr_periods, nr_throttled, throttled_nsec, nr_bursts, burst_nsec;
  // v1 only, and only if requested: cpuacct.usage_percpu, index = CPU number.
  std::vector<std::uint64_t> usage_percpu_nsec;
  std::chrono::steady_clock::time_point read_at{};  // when they were read; the epoch: not known
};

struct MemoryStats {
  Count current;      // charged now; for processes: resident
  Count working_set;  // only if the source sets it: for processes
  Count peak;         // highest `current` ever (v2: kernel 5.19+)
  Count swap_current;
  Count anon, file, kernel, shmem, sock;
  Count file_mapped, file_dirty, file_writeback;
  Count inactive_file, active_file;
  Count slab_reclaimable, slab_unreclaimable;
  // Faults of the cgroup and its descendants, and (v1 only) of the cgroup itself.
  Count pgfault, pgmajfault, pgfault_local, pgmajfault_local;
  Count pgscan, pgsteal, workingset_refault_anon, workingset_refault_file;
};

// memory.events, its `max` also as `failcnt`; v1: memory.failcnt, also as `max`, and memory.oom_control.
// For the cgroup and its descendants.
struct MemoryEvents {
  Count low, high, max, oom, oom_kill, failcnt;
};

// One block device's row. `device` is filled by the source ("/dev/vda",
// "/dev/dm-0"; never a /dev/mapper name); empty when sysfs does not know the numbers.
struct IoDeviceStats {
  std::uint32_t major = 0, minor = 0;
  std::string device;
  Count rbytes, wbytes, dbytes, rios, wios, dios;
  Count sync_bytes, async_bytes, total_bytes;                                  // v1 only
  Count cost_usage_usec, cost_wait_usec, cost_indebt_usec, cost_indelay_usec;  // v2 with iocost
};

// PSI "total=": time stalled since boot. https://docs.kernel.org/accounting/psi.html
struct PressureStats {
  Count some_usec, full_usec;
};

struct PidsStats {
  Count current;  // threads of the cgroup and its descendants
  Count max;      // kUnlimited for "max"
};

struct HugetlbStats {
  std::string page_size;  // as in the file name: "2MB", "1GB"
  Count current, max_usage, failcnt;
  Count reserved;  // Linux 5.7: what is set aside, touched or not
};

struct LimitStats {
  Count cpu_quota_usec;  // kUnlimited if there is none
  Count cpu_period_usec;
  Count cpu_shares;   // v1 only
  Count cpu_weight;   // v2 only
  Count memory_max;   // these four: kUnlimited if there is none
  Count memory_low;   // v1: the soft limit
  Count memory_high;  // v2 only
  Count memory_min;   // v2 only; 0 if there is none
  Count swap_max;     // only swap; v1: memsw limit minus memory limit
};

struct CpusetStats {
  Count effective_cpus;  // number of CPUs
  Count memory_migrate;  // v1 only
};

struct NumaStats {
  std::string type;  // "file", "anon", "unevictable"
  bool hierarchical = false;
  std::uint32_t node = 0;
  std::uint64_t pages = 0;
};

// cgroup.events; v1: only freezer.state. 0 or 1.
struct CgroupEvents {
  Count populated, frozen;
};

struct CgroupStats {
  CpuStats cpu;
  MemoryStats memory;
  MemoryEvents memory_events;
  std::vector<IoDeviceStats> io;
  unsigned v1_io_files = 0;           // a bit for each source of v1 that had rows when last read
  bool io_excludes_children = false;  // v1 before Linux 4.16, until the source has added them
  PressureStats cpu_pressure, memory_pressure, io_pressure, irq_pressure;
  PidsStats pids;
  std::vector<HugetlbStats> hugetlb;
  LimitStats limits;
  CpusetStats cpuset;
  Count frozen;  // 1 while paused, else 0; read with the limits
  std::vector<NumaStats> numa;
};

}  // namespace tallyman
