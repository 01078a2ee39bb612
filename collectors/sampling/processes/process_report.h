// The result of a scan of all processes, in the form that the sampler and the API need.
#pragma once

#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/stats/process_stats.h"
#include "collectors/kernel/system/read_report.h"
#include "collectors/model/process_facts.h"
#include "collectors/model/workload.h"
#include "collectors/sampling/processes/process_account.h"

#include <chrono>
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
  // When the CPU times of bare processes were read.
  std::chrono::steady_clock::time_point read_at{};
};
using ProcessReportPtr = std::shared_ptr<const ProcessReport>;

struct ReportFacts {
  NamespaceIds host_namespaces{};  // those of the accounts are compared with these and with one another
  bool tasks = false;
  bool container_tasks = false;
  bool container_io = false;
  bool some_hidden = false;  // this and all_read_at: see ProcessFacts
  std::chrono::steady_clock::time_point read_at{}, all_read_at{};
};
ProcessReportPtr make_report(ProcessAccounts& accounts, const ReportFacts& of, const ProcessScanStatistics& statistics);

}  // namespace tallyman
