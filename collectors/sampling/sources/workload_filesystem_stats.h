// The host's disks and what containers have written, as a WorkloadStatsSource.
#pragma once

#include "collectors/kernel/filesystem/filesystem_source.h"
#include "collectors/sampling/sources/workload_stats_source.h"

#include <memory>
#include <vector>

namespace tallyman {

// The calls that query the real host.
FilesystemPorts filesystem_ports_of(const HostRoot& root);

// `stats` provides the processes of containers if their runtime names none; it must
// outlive the result.
std::unique_ptr<WorkloadStatsSource> make_workload_filesystem_stats(std::shared_ptr<FilesystemSource> source,
                                                                    StatsSource& stats);

// The volumes that a container's host keeps for it: Docker's and Podman's, and
// Kubernetes' emptyDir. Directories of the host that were bound into it are not included:
// they may belong to anybody. Pure.
std::vector<FilesystemDemand::Volume> volumes_of(const ContainerMetadata& container);

}  // namespace tallyman
