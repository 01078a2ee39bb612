// The processes of each workload, as a WorkloadStatsSource: takes over the last report of
// the process scan.
#pragma once

#include "collectors/sampling/processes/process_report.h"
#include "collectors/sampling/sources/workload_stats_source.h"

#include <functional>
#include <memory>

namespace tallyman {

using LastProcessReport = std::function<ProcessReportPtr()>;  // null before the first scan

// What this /proc hides, by hidepid or because it is another PID namespace's, is unknown and not 0: `cgroups` say how
// many processes there are. They outlive the source.
std::unique_ptr<WorkloadStatsSource> make_workload_process_stats(LastProcessReport report, StatsSource& cgroups);

// A StatsSource that also has the process groups: ids beginning with '/' are cgroups, all
// others groups. `cgroups` has everything that is not about groups.
std::unique_ptr<StatsSource> make_grouped_stats_source(std::unique_ptr<StatsSource> cgroups, LastProcessReport report);

// The cgroups, followed by the groups of the report, which may be null. Sorted by id,
// because ids of cgroups begin with '/'.
WorkloadListPtr with_groups(const WorkloadListPtr& cgroups, const ProcessReportPtr& report);

}  // namespace tallyman
