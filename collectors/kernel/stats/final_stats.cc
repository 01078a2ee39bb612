#include "collectors/kernel/stats/final_stats.h"

#include <algorithm>

namespace tallyman {
namespace {

void keep_larger(Count& last, const Count& later) {
  if (later && later > last) {
    last = later;
  }
}

void keep_larger(CpuStats& last, const CpuStats& later) {
  keep_larger(last.usage_nsec, later.usage_nsec);
  keep_larger(last.user_nsec, later.user_nsec);
  keep_larger(last.system_nsec, later.system_nsec);
  keep_larger(last.nr_periods, later.nr_periods);
  keep_larger(last.nr_throttled, later.nr_throttled);
  keep_larger(last.throttled_nsec, later.throttled_nsec);
}

void keep_larger(IoDeviceStats& last, const IoDeviceStats& later) {
  for (Count IoDeviceStats::*field :
       {&IoDeviceStats::rbytes, &IoDeviceStats::wbytes, &IoDeviceStats::dbytes, &IoDeviceStats::rios,
        &IoDeviceStats::wios, &IoDeviceStats::dios, &IoDeviceStats::sync_bytes, &IoDeviceStats::async_bytes,
        &IoDeviceStats::total_bytes}) {
    keep_larger(last.*field, later.*field);
  }
}

}  // namespace

void add_final_stats(CgroupStats& stats, const CgroupStats& final_stats) {
  keep_larger(stats.cpu, final_stats.cpu);
  keep_larger(stats.memory.peak, final_stats.memory.peak);
  keep_larger(stats.memory.pgfault, final_stats.memory.pgfault);
  keep_larger(stats.memory.pgmajfault, final_stats.memory.pgmajfault);
  keep_larger(stats.memory.pgfault_local, final_stats.memory.pgfault_local);
  keep_larger(stats.memory.pgmajfault_local, final_stats.memory.pgmajfault_local);
  keep_larger(stats.memory_events.oom, final_stats.memory_events.oom);
  keep_larger(stats.memory_events.oom_kill, final_stats.memory_events.oom_kill);
  keep_larger(stats.memory_events.failcnt, final_stats.memory_events.failcnt);
  if (!stats.limits.memory_max) {
    stats.limits.memory_max = final_stats.limits.memory_max;
  }
  for (const IoDeviceStats& device : final_stats.io) {
    const auto same = std::find_if(stats.io.begin(), stats.io.end(), [&](const IoDeviceStats& one) {
      return one.major == device.major && one.minor == device.minor;
    });
    if (same == stats.io.end()) {
      stats.io.push_back(device);
    } else {
      keep_larger(*same, device);
    }
  }
}

}  // namespace tallyman
