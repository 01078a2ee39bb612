// The sockets of each workload's own network namespace and, separated by cgroup, those of
// workloads in the host's namespace, as a WorkloadStatsSource. A thread of its own reads
// them, in each slow pass and once for a new namespace.
#pragma once

#include "collectors/kernel/network/network_source.h"
#include "collectors/kernel/network/socket_source.h"
#include "collectors/sampling/sources/workload_stats_source.h"

#include <memory>

namespace tallyman {

// `networks` decides which workload a namespace belongs to, and must be read first in
// each pass; `stats` knows the cgroups' ids. Both must outlive the result.
std::unique_ptr<WorkloadStatsSource> make_workload_socket_stats(const HostRoot& root, StatsSource& stats,
                                                                const NetworkSource& networks, SocketNeeds needs);

}  // namespace tallyman
