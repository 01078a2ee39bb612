// The JSON of /api/v1, documented in docs/api.md. Invalid UTF-8 is replaced. Unknown
// values are left out, never null, 0 or "". Times are RFC 3339 in UTC; values are in
// base units: bytes, seconds.
#pragma once

#include "collectors/model/catalogue.h"
#include "collectors/model/label_filter.h"
#include "collectors/model/snapshot.h"
#include "collectors/model/workload.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tallyman {

// Facts about the host beyond the numbers of its workload. Empty strings and zeros
// mean unknown.
struct HostFacts {
  std::string agent_version, hostname, cgroup_mode, cgroup_hierarchies;
  std::string machine_id, system_uuid, boot_id, kernel_version, os_version;
  unsigned cpu_cores = 0, physical_cores = 0, sockets = 0;
  std::optional<std::uint64_t> memory_bytes, swap_bytes, boot_time_seconds;
  std::optional<std::array<double, 3>> load_average;  // over 1, 5 and 15 minutes
};

// The processes of one workload, by program, and the namespaces of its first one.
struct WorkloadProcesses {
  struct Program {
    std::string executable;
    std::uint64_t processes = 0, threads = 0, rss_bytes = 0, cpu_nsec = 0;
  };
  struct Namespace {
    std::string type, inode, sharing;
    std::vector<std::string> with;  // the workloads that share it
  };
  std::vector<Program> programs;
  std::vector<Namespace> namespaces;
};

// `snapshot` may be null: no sample yet, so no sequence, time or stats. `labels` selects the
// container labels that are shown.

// {"sequence":..,"time":..,"workloads":[{"id":..,"kind":..,"stats":{..},..}]}
// With `ended`, recently ended workloads too; they have the member "ended".
std::string workloads_json(const Snapshot* snapshot, const WorkloadList& workloads, const LabelFilter& labels,
                           const MetricIndex& metrics = MetricIndex::of_catalogue(), bool ended = false);
// One workload, as in the list, with its "processes" and "namespaces", and
// "series":[{"name":..,"labels":{..},"value":..}] with the labels beyond those of
// the workload.
std::string workload_json(const Snapshot* snapshot, const Workload& workload, const LabelFilter& labels,
                          const WorkloadProcesses& processes = {},
                          const MetricIndex& metrics = MetricIndex::of_catalogue());
// Only the identity of a workload: as in the list, without "stats".
std::string workload_identity_json(const Workload& workload, const LabelFilter& labels);
// Facts, the host's own stats, and the number of workloads of each kind.
std::string host_json(const Snapshot* snapshot, const WorkloadList& workloads, const HostFacts& facts,
                      const MetricIndex& metrics = MetricIndex::of_catalogue());

}  // namespace tallyman
