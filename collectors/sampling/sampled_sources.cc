#include "collectors/sampling/sampled_sources.h"

#include "collectors/sampling/sources/workload_link_stats.h"
#include "collectors/sampling/sources/workload_network_stats.h"
#include "collectors/sampling/sources/workload_socket_stats.h"

#include <utility>

namespace tallyman {

SampledSources make_sampled_sources(const HostRoot& root, std::unique_ptr<StatsSource> cgroups,
                                    SampledSourcesOptions options) {
  SampledSources made;
  made.cgroups = std::move(cgroups);
  made.networks = std::make_unique<NetworkSource>(root, *made.cgroups, options.network_files_kept_open,
                                                  std::move(options.ignore_interface));
  const StatsNeeds& needs = options.needs;
  const auto add = [&](SourceKind kind, auto make) {
    if (needs.has(kind)) {
      made.workloads.push_back(make());
    }
  };
  if (options.process_report) {
    add(SourceKind::kProcesses, [&] { return make_workload_process_stats(options.process_report, *made.cgroups); });
  }
  if (options.filesystems) {
    add(SourceKind::kFilesystem, [&] { return make_workload_filesystem_stats(options.filesystems, *made.cgroups); });
  }
  add(SourceKind::kNetwork,
      [&] { return make_workload_network_stats(*made.networks, options.network_files_kept_open); });
  add(SourceKind::kSockets, [&] {
    return make_workload_socket_stats(root, *made.cgroups, *made.networks,
                                      {needs.has(SocketDetail::kStates), needs.has(SocketDetail::kAdvanced)});
  });
  add(SourceKind::kLinks, [&] { return make_workload_link_stats(root, *made.networks); });
  return made;
}

}  // namespace tallyman
