// Where each process belongs: the program that it runs, its cgroups, the workload that it
// is in and, if it is bare, its group. One thread owns it.
#pragma once

#include "collectors/kernel/process/process_files.h"
#include "collectors/kernel/process/taskstats.h"
#include "collectors/kernel/stats/process_stats.h"
#include "collectors/sampling/processes/current_scan.h"
#include "collectors/sampling/processes/process_account.h"
#include "collectors/sampling/processes/process_grouping.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tallyman {

inline constexpr ProcessFiles::Pid kKernelThreads = 2;  // kthreadd

class ProcessPlaces {
 public:
  struct OfProcess {
    std::string executable;                 // the process's own name if it has none
    std::vector<CgroupMembership> cgroups;  // each path once
    std::string cgroup;                     // the path that led to its home
    ProcessAccount* home = nullptr;         // of its cgroup
    ProcessAccount* group = nullptr;        // if it is bare

    bool is_bare() const { return group != nullptr; }
    // On both accounts.
    void book(const Tallies& growth, ScanTime time) const;

   private:
    friend class ProcessPlaces;
    std::string group_name_;
    bool placed_ = false;
  };

  // Without `groups` no process is bare. The other two outlive it.
  ProcessPlaces(ProcessFiles& files, ProcessAccounts& accounts, ProcessGrouping grouping, bool groups);

  // The names of users are read again when they are needed next.
  void forget_users() { user_names_.clear(); }

  void read_program(OfProcess& process, const PidStat& stat, CurrentScan& scan);
  // Keeps the name of the file that it runs, for processes that no scan sees.
  void learn_program(const OfProcess& process, ExecutableFile file);
  // Reads the cgroups of the process, and settles it.
  void read_cgroups(OfProcess& process, const PidStat& stat, CurrentScan& scan);
  // Finds its home and group by what was read before: the workloads have changed.
  void settle(OfProcess& process, const PidStat& stat, ScanTime time);

  // Books what a process used that ended before a scan saw it, and that was in this cgroup.
  void book_unseen(const TaskExit& exit, std::string cgroup, const Tallies& used, ScanTime time);

 private:
  using Pid = ProcessFiles::Pid;

  bool may_be_bare(const ProcessAccount* home) const;
  std::string user_of(Pid pid);

  ProcessFiles& files_;
  ProcessAccounts& accounts_;
  ProcessGrouping grouping_;
  bool groups_;
  std::unordered_map<std::uint64_t, std::string> program_names_;  // of executables seen, by a mix of device and inode
  std::unordered_map<std::uint64_t, std::string> user_names_;
};

}  // namespace tallyman
