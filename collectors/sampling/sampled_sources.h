// Every source that a sampler reads, made in one place.
#pragma once

#include "collectors/kernel/cgroup/stats_source.h"
#include "collectors/kernel/network/network_source.h"
#include "collectors/kernel/system/host_root.h"
#include "collectors/model/stats_needs.h"
#include "collectors/sampling/processes/workload_process_stats.h"
#include "collectors/sampling/sources/workload_filesystem_stats.h"
#include "collectors/sampling/sources/workload_stats_source.h"

#include <cstddef>
#include <memory>
#include <vector>

namespace tallyman {

struct SampledSourcesOptions {
  StatsNeeds needs;  // a source that no collector needs is left out
  std::size_t network_files_kept_open = 1024;
  NetworkSource::Ignore ignore_interface;
  // Made by the caller, who runs their threads. Null: not read.
  LastProcessReport process_report;
  std::shared_ptr<FilesystemSource> filesystems;
};

// The later ones refer to the earlier ones.
struct SampledSources {
  std::unique_ptr<StatsSource> cgroups;     // never null
  std::unique_ptr<NetworkSource> networks;  // never null; enters network namespaces for those below
  std::vector<std::unique_ptr<WorkloadStatsSource>> workloads;
};

// `cgroups` has the groups of processes too, if there are any: make_grouped_stats_source().
SampledSources make_sampled_sources(const HostRoot& root, std::unique_ptr<StatsSource> cgroups,
                                    SampledSourcesOptions options);

}  // namespace tallyman
