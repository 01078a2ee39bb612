// The interfaces of each workload's own network namespace, as a WorkloadStatsSource.
#pragma once

#include "collectors/kernel/network/network_source.h"
#include "collectors/sampling/sources/workload_stats_source.h"

#include <memory>
#include <string_view>

namespace tallyman {

// `source` must outlive the result.
std::unique_ptr<WorkloadStatsSource> make_workload_network_stats(NetworkSource& source, std::size_t files_kept_open);

// As a runtime's files have it: "host", "container:ID", "bridge", "none", ... or empty.
NetworkMode network_mode_of(std::string_view network_mode);

}  // namespace tallyman
