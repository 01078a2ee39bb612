// The result of a scan of all processes, in the form that the sampler and the API need.
#pragma once

#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/stats/process_stats.h"
#include "collectors/kernel/system/read_report.h"
#include "collectors/model/process_facts.h"
#include "collectors/model/workload.h"
#include "collectors/sampling/processes/process_account.h"

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

namespace tallyman {

struct ProcessScanStatistics {
  std::uint64_t processes = 0, left_out = 0;  // read; beyond the bound
  std::uint64_t groups = 0, names_in_other = 0;
  std::uint64_t exits = 0, taskstats_overflows = 0;  // processes; times that the kernel's buffer was full
  bool exact = false;                                // from taskstats
  ReadReport report;                                 // for this scan
};

// Immutable once it is made.
struct ProcessReport {
  WorkloadList groups;                                       // sorted by id
  std::unordered_map<std::string, CgroupStats> group_stats;  // by the group's id
  std::unordered_map<std::string, ProcessFacts> facts;       // by id, of groups and of cgroups
  ProcessScanStatistics statistics;
};
using ProcessReportPtr = std::shared_ptr<const ProcessReport>;

// The namespaces of the accounts are compared with one another and with the host's.
ProcessReportPtr make_report(ProcessAccounts& accounts, const NamespaceIds& host, bool tasks,
                             const ProcessScanStatistics& statistics);

}  // namespace tallyman
