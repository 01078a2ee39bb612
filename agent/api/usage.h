// What each workload and each group uses now: the rows of `tallyman ls` and of
// /api/v1/usage. Pure.
#pragma once

#include "collectors/model/snapshot.h"
#include "collectors/model/workload_groups.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tallyman {

// Empty if the kernel reports no value.
struct Usage {
  std::optional<double> cpu_cores;                                // over the time between the two snapshots
  std::optional<std::uint64_t> memory_bytes, memory_limit_bytes;  // working set; limit 0: none
  std::optional<double> io_bytes_per_second, network_bytes_per_second;
  std::optional<std::uint64_t> threads;
  // Use of its runtime's own processes (shim, proxies; for the host: daemons), which run outside of it.
  std::optional<double> runtime_cpu_cores;
  std::optional<std::uint64_t> runtime_memory_bytes;
  // Other costs of a container: kernel memory charged to it, its writable layer.
  std::optional<std::uint64_t> kernel_memory_bytes, layer_bytes;
  std::optional<double> cpu_pressure, memory_pressure, io_pressure;  // share of the time, 0 to 1
};

struct UsageRow : Usage {
  WorkloadPtr workload;
  // Its groups as an agent has named them, which knows more of the workload. Empty: by the workload.
  std::optional<std::map<GroupBy, std::string>> groups{};
};
// Empty: it is in no such group.
std::string group_name(const UsageRow& row, GroupBy by);

// Rates between two snapshots of one sampling service. A counter that is missing in one of them has no rate.
std::vector<UsageRow> usage_between(const Snapshot& before, const Snapshot& after);

// The sum of its members. A group has no limit and no pressure.
struct GroupRow : Usage {
  std::string name;
  std::vector<WorkloadPtr> members;
};

// Sorted by name. Workloads outside such groups are left out. If a member lies
// below another one (a container in its pod), its CPU, memory, I/O and threads are
// already part of the other's and counted once. A network belongs to one workload.
std::vector<GroupRow> grouped(const std::vector<UsageRow>& rows, GroupBy by);

}  // namespace tallyman
