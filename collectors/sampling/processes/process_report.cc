#include "collectors/sampling/processes/process_report.h"

#include "collectors/model/workload_id.h"

#include <cmath>
#include <map>
#include <vector>

namespace tallyman {
namespace {

constexpr std::size_t kMaxNamesInCommon = 8;
constexpr std::string_view kAllDevices = "all";

Count known(const ProcessAccount& account, Tally which) {
  const bool whole = account.now.tallies_known[static_cast<std::size_t>(which)].get().has_value();
  return whole && account.totals.knows(which) ? Count(account.totals[which]) : Count();
}

CgroupStats stats_of_group(const ProcessAccount& account) {
  const ProcessAccount::Now& now = account.now;
  CgroupStats stats;
  stats.cpu.usage_nsec = known(account, Tally::kCpu);
  stats.cpu.user_nsec = known(account, Tally::kUser);
  stats.cpu.system_nsec = known(account, Tally::kSystem);
  stats.memory.current = stats.memory.working_set = now.resident_bytes;
  stats.memory.anon = now.anon.get();
  stats.memory.swap_current = now.swap.get();
  stats.memory.pgfault = known(account, Tally::kFaults);
  stats.memory.pgmajfault = known(account, Tally::kMajorFaults);
  stats.pids.current = now.threads;
  IoDeviceStats io;
  io.device = kAllDevices;  // the kernel does not report a process's I/O by device
  io.rbytes = known(account, Tally::kReadBytes);
  io.wbytes = known(account, Tally::kWrittenBytes);
  if (io.rbytes || io.wbytes) {
    stats.io.push_back(std::move(io));
  }
  return stats;
}

ProcessFacts facts_of(const ProcessAccount& account, const ReportFacts& of) {
  const ProcessAccount::Now& now = account.now;
  ProcessFacts facts;
  facts.processes = now.processes;
  facts.threads = now.threads;
  facts.open_files = now.open_files.get();
  facts.sockets = now.sockets.get();
  facts.open_files_limit = account.open_files_limit;
  facts.pss_bytes = now.pss.get();
  facts.voluntary_switches = known(account, Tally::kVoluntary);
  facts.involuntary_switches = known(account, Tally::kInvoluntary);
  facts.run_nsec = known(account, Tally::kRun);
  facts.runqueue_nsec = known(account, Tally::kRunqueue);
  facts.timeslices = known(account, Tally::kTimeslices);
  if (of.tasks || (of.container_tasks && account.workload->kind == WorkloadKind::kContainer)) {
    facts.tasks = now.tasks;
  }
  if (of.container_io && account.inside_container) {
    facts.read_bytes = known(account, Tally::kReadBytes);
    facts.written_bytes = known(account, Tally::kWrittenBytes);
  }
  if (of.tasks) {
    facts.load_milli = static_cast<std::uint64_t>(std::llround(account.load * 1000));
    facts.uninterruptible_load_milli = static_cast<std::uint64_t>(std::llround(account.uninterruptible_load * 1000));
  }
  facts.executables = account.programs.facts();
  for (const auto& [component, one] : account.runtime) {
    facts.runtime.push_back({std::string(component), one.processes, one.rss_bytes, one.cpu_nsec});
  }
  return facts;
}

bool is_above_or_below(const Workload& a, const Workload& b) {
  const WorkloadId one(a.id), other(b.id);
  return one.contains(other) || other.contains(one);
}

// Which workloads share each namespace, except the host's own.
class Neighbours {
 public:
  Neighbours(ProcessAccounts& accounts, const NamespaceIds& host) : host_(host) {
    accounts.for_each([this](ProcessAccount& account) {
      for (std::size_t type = 0; type < kNamespaceTypes; ++type) {
        const std::uint64_t inode = account.namespaces[type];
        if (inode != 0 && inode != host_[type]) {
          members_[type][inode].push_back(&account);
        }
      }
    });
  }

  std::vector<NamespaceFact> of(const ProcessAccount& account) const {
    std::vector<NamespaceFact> facts;
    for (std::size_t type = 0; type < kNamespaceTypes; ++type) {
      const std::uint64_t inode = account.namespaces[type];
      if (inode == 0 || host_[type] == 0) {
        continue;
      }
      NamespaceFact fact{static_cast<NamespaceType>(type), inode, NamespaceSharing::kHost, {}};
      if (inode != host_[type]) {
        fact.with = others(members_[type].at(inode), account);
        fact.sharing = fact.with.empty() ? NamespaceSharing::kOwn : NamespaceSharing::kShared;
      }
      facts.push_back(std::move(fact));
    }
    return facts;
  }

 private:
  using Members = std::vector<const ProcessAccount*>;

  static std::vector<std::string> others(const Members& members, const ProcessAccount& account) {
    std::vector<std::string> names;
    for (const ProcessAccount* other : members) {
      if (other != &account && names.size() < kMaxNamesInCommon &&
          !is_above_or_below(*other->workload, *account.workload)) {
        names.push_back(other->workload->workload);
      }
    }
    return names;
  }

  NamespaceIds host_;
  std::array<std::map<std::uint64_t, Members>, kNamespaceTypes> members_;
};

}  // namespace

ProcessReportPtr make_report(ProcessAccounts& accounts, const ReportFacts& of,
                             const ProcessScanStatistics& statistics) {
  auto report = std::make_shared<ProcessReport>();
  report->statistics = statistics;
  report->read_at = of.read_at;
  if (statistics.processes == 0) {
    return report;  // this /proc has none: a recorded host, or no permission
  }
  const Neighbours neighbours(accounts, of.host_namespaces);
  accounts.for_each([&](ProcessAccount& account) {
    ProcessFacts facts = facts_of(account, of);
    facts.some_hidden = of.some_hidden;
    facts.all_read_at = of.all_read_at;
    facts.namespaces = neighbours.of(account);
    report->facts.emplace(account.workload->id, std::move(facts));
  });
  if (of.some_hidden) {
    return report;  // a group would be those of its processes that are seen
  }
  for (const auto& [name, account] : accounts.groups()) {
    report->groups.push_back(account->workload);
    CgroupStats& stats = report->group_stats[account->workload->id];
    stats = stats_of_group(*account);
    stats.cpu.read_at = of.read_at;
  }
  return report;
}

}  // namespace tallyman
