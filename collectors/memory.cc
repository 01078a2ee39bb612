#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/stats/host_stats.h"
#include "collectors/model/collector.h"

#include <algorithm>

namespace tallyman {
namespace {

enum Index {
  kUsage,
  kWorkingSet,
  kRss,
  kCache,
  kSwap,
  kMaxUsage,
  kMappedFile,
  kKernel,
  kFailcnt,
  kActiveFile,
  kInactiveFile,
  kFailures,
  kEventsHigh,
  kEventsMax,
  kDirty,
  kWriteback,
  kPgscan,
  kPgsteal,
  kRefaultFile,
  kRefaultAnon,
  kShmem,
  kSock,
  kSlabReclaimable,
  kSlabUnreclaimable,
};

constexpr MetricDefinition gauge(std::string_view name, std::string_view help, std::string_view v1,
                                 std::string_view v2) {
  return {name, MetricType::kGauge, "bytes", Scale::kUnits, help, "", v1, v2};
}
constexpr MetricDefinition counter(std::string_view name, std::string_view help, std::string_view v1,
                                   std::string_view v2) {
  return {name, MetricType::kCounter, "", Scale::kUnits, help, "", v1, v2};
}

constexpr MetricDefinition kMetrics[] = {
    gauge("container_memory_usage_bytes", "Memory charged to the cgroup, including page cache.",
          "memory.usage_in_bytes", "memory.current; for the root, which has none: memory.stat anon + file"),
    gauge("container_memory_working_set_bytes", "Memory usage minus inactive page cache, never below 0.",
          "memory.usage_in_bytes - memory.stat total_inactive_file", "memory.current - memory.stat inactive_file"),
    gauge("container_memory_rss", "Anonymous memory.", "memory.stat total_rss", "memory.stat anon"),
    gauge("container_memory_cache", "Page cache, including tmpfs and shared memory.", "memory.stat total_cache",
          "memory.stat file"),
    gauge("container_memory_swap", "Swap in use.", "memory.stat total_swap",
          "memory.swap.current; root: /proc/meminfo SwapTotal - SwapFree"),
    gauge("container_memory_max_usage_bytes", "Highest memory usage recorded.", "memory.max_usage_in_bytes",
          "memory.peak (Linux 5.19)"),
    gauge("container_memory_mapped_file", "Memory of mapped files.", "memory.stat total_mapped_file",
          "memory.stat file_mapped"),
    gauge("container_memory_kernel_usage", "Kernel memory charged to the cgroup.",
          "memory.kmem.usage_in_bytes (slow interval)", "memory.stat kernel (Linux 5.18)"),
    counter("container_memory_failcnt", "Number of times that usage hit the limit.", "memory.failcnt",
            "memory.events max"),
    gauge("container_memory_total_active_file_bytes", "Page cache on the active list.", "memory.stat total_active_file",
          "memory.stat active_file"),
    gauge("container_memory_total_inactive_file_bytes", "Page cache on the inactive list, which is reclaimed first.",
          "memory.stat total_inactive_file", "memory.stat inactive_file"),
    {"container_memory_failures_total", MetricType::kCounter, "", Scale::kUnits,
     "Page faults (pgfault) and those that needed I/O (pgmajfault). scope=hierarchy: this cgroup and its descendants; "
     "scope=container: only this cgroup, which v2 does not count separately.",
     "failure_type,scope", "memory.stat pgfault, pgmajfault, total_pgfault, total_pgmajfault",
     "memory.stat pgfault, pgmajfault for both scopes"},
    counter("container_memory_events_high_total",
            "Number of times that memory.high was exceeded and reclaim was forced.", "-", "memory.events high"),
    counter("container_memory_events_max_total", "Number of times that usage was about to exceed the limit.",
            "memory.failcnt", "memory.events max"),
    gauge("container_memory_file_dirty_bytes", "Page cache not yet written back.", "memory.stat total_dirty",
          "memory.stat file_dirty"),
    gauge("container_memory_file_writeback_bytes", "Page cache being written back.", "memory.stat total_writeback",
          "memory.stat file_writeback"),
    counter("container_memory_pgscan_total", "Pages scanned for reclaim.", "-", "memory.stat pgscan"),
    counter("container_memory_pgsteal_total", "Pages reclaimed.", "-", "memory.stat pgsteal"),
    counter("container_memory_workingset_refault_file_total",
            "Page cache pages read again soon after they were reclaimed.", "memory.stat total_workingset_refault_file",
            "memory.stat workingset_refault_file"),
    counter("container_memory_workingset_refault_anon_total",
            "Anonymous pages swapped in again soon after they were reclaimed.",
            "memory.stat total_workingset_refault_anon", "memory.stat workingset_refault_anon"),
    gauge("container_memory_shmem_bytes", "Shared memory and tmpfs: the part of the cache that cannot be dropped.",
          "memory.stat total_shmem", "memory.stat shmem"),
    gauge("container_memory_sock_bytes", "Memory of network buffers.", "-", "memory.stat sock"),
    gauge("container_memory_slab_reclaimable_bytes", "Kernel objects that can be reclaimed (dentries, inodes).", "-",
          "memory.stat slab_reclaimable"),
    gauge("container_memory_slab_unreclaimable_bytes", "Kernel objects that cannot be reclaimed.", "-",
          "memory.stat slab_unreclaimable"),
};

Count working_set(const MemoryStats& memory) {
  if (memory.working_set) {
    return memory.working_set;
  }
  if (!memory.current || !memory.inactive_file) {
    return {};
  }
  return *memory.current - std::min(*memory.current, *memory.inactive_file);
}

Count swap_in_use(const Observation& observation) {
  if (observation.stats.memory.swap_current || !observation.host) {
    return observation.stats.memory.swap_current;
  }
  const MemInfo& host = observation.host->memory;
  if (!host.swap_total || !host.swap_free || *host.swap_free > *host.swap_total) {
    return {};
  }
  return *host.swap_total - *host.swap_free;
}

void collect(const Observation& observation, SeriesWriter& writer) {
  const MemoryStats& memory = observation.stats.memory;
  const MemoryEvents& events = observation.stats.memory_events;
  writer.put(kUsage, memory.current);
  writer.put(kWorkingSet, working_set(memory));
  writer.put(kRss, memory.anon);
  writer.put(kCache, memory.file);
  writer.put(kSwap, swap_in_use(observation));
  writer.put(kMaxUsage, memory.peak);
  writer.put(kMappedFile, memory.file_mapped);
  writer.put(kKernel, memory.kernel);
  writer.put(kFailcnt, events.failcnt);
  writer.put(kActiveFile, memory.active_file);
  writer.put(kInactiveFile, memory.inactive_file);
  writer.put(kFailures, {"pgfault", "container"}, memory.pgfault_local ? memory.pgfault_local : memory.pgfault);
  writer.put(kFailures, {"pgfault", "hierarchy"}, memory.pgfault);
  writer.put(kFailures, {"pgmajfault", "container"},
             memory.pgmajfault_local ? memory.pgmajfault_local : memory.pgmajfault);
  writer.put(kFailures, {"pgmajfault", "hierarchy"}, memory.pgmajfault);
  writer.put(kEventsHigh, events.high);
  writer.put(kEventsMax, events.max);
  writer.put(kDirty, memory.file_dirty);
  writer.put(kWriteback, memory.file_writeback);
  writer.put(kPgscan, memory.pgscan);
  writer.put(kPgsteal, memory.pgsteal);
  writer.put(kRefaultFile, memory.workingset_refault_file);
  writer.put(kRefaultAnon, memory.workingset_refault_anon);
  writer.put(kShmem, memory.shmem);
  writer.put(kSock, memory.sock);
  writer.put(kSlabReclaimable, memory.slab_reclaimable);
  writer.put(kSlabUnreclaimable, memory.slab_unreclaimable);
}

}  // namespace

extern const Collector memory_collector{
    "memory", "memory by part, page faults, reclaim",
    true,     Scope::kWorkload,
    kMetrics, CgroupStatsKind::kLimits | CgroupStatsKind::kMemory | CgroupStatsKind::kMemoryEvents | SourceKind::kHost,
    false,    collect};

}  // namespace tallyman
