// The host's disks and what containers have written, as a WorkloadStatsSource.
#pragma once

#include "collectors/kernel/filesystem/filesystem_source.h"
#include "collectors/sampling/sources/workload_stats_source.h"

#include <memory>
#include <vector>

namespace tallyman {

// How the real host is asked.
FilesystemPorts filesystem_ports_of(const HostRoot& root);

// `stats` is asked for the processes of containers whose runtime names none; it
// must outlive the result.
std::unique_ptr<WorkloadStatsSource> make_workload_filesystem_stats(std::shared_ptr<FilesystemSource> source,
                                                                    StatsSource& stats);

// The volumes of a container that its host keeps for it: Docker's and Podman's,
// and Kubernetes' emptyDir. Not directories of the host that somebody bound
// into it, which are anybody's. Pure.
std::vector<FilesystemDemand::Volume> volumes_of(const ContainerMetadata& container);

}  // namespace tallyman
