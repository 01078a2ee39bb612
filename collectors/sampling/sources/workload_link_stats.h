// The host's network interfaces and the workloads they belong to, as a
// WorkloadStatsSource. A thread of its own reads them, in each slow pass.
#pragma once

#include "collectors/kernel/network/network_source.h"
#include "collectors/sampling/sources/workload_stats_source.h"

#include <memory>

namespace tallyman {

// `networks` decides which workload a namespace belongs to, and must be read first in
// each pass. It must outlive the result.
std::unique_ptr<WorkloadStatsSource> make_workload_link_stats(const HostRoot& root, const NetworkSource& networks);

}  // namespace tallyman
