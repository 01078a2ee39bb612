// What each workload uses now, and what its groups do: the rows of `tallyman ls`.
#pragma once

#include "collectors/model/snapshot.h"
#include "collectors/model/workload_groups.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tallyman {

// Empty where the kernel does not tell.
struct Usage {
  std::optional<double> cpu_cores;                                // over the time between the two snapshots
  std::optional<std::uint64_t> memory_bytes, memory_limit_bytes;  // working set; limit 0: none
  std::optional<double> io_bytes_per_second, network_bytes_per_second;
  std::optional<std::uint64_t> threads;
  // Of its runtime's own processes (shim, proxies; the host's: daemons), which are not in it.
  std::optional<double> runtime_cpu_cores;
  std::optional<std::uint64_t> runtime_memory_bytes;
  // What else being a container costs: memory of the kernel that it is charged with, its writable layer.
  std::optional<std::uint64_t> kernel_memory_bytes, layer_bytes;
  std::optional<double> cpu_pressure, memory_pressure, io_pressure;  // share of the time, 0 to 1
};

struct UsageRow : Usage {
  WorkloadPtr workload;
};

// Rates between two snapshots of one sampling_service. A counter that is not in both gives none.
std::vector<UsageRow> usage_between(const Snapshot& before, const Snapshot& after);

// The sum of its members; a group has neither a limit nor a pressure of its own.
struct GroupRow : Usage {
  std::string name;
  std::vector<WorkloadPtr> members;
};

// By name. A workload in no such group is in none of the rows. Where a member
// lies below another (a pod's container) its CPU, memory, I/O and threads are
// part of that one's and counted once; a network is one workload's alone.
std::vector<GroupRow> grouped(const std::vector<UsageRow>& rows, GroupBy by);

}  // namespace tallyman
