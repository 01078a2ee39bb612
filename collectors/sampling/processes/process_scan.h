// Reads all processes of the host, once per call, and books what each has used since the
// last call. No thread and no clock of its own; one thread owns it.
//
// A process is (pid, start time): a reused pid is another process. Bare processes are
// read in each scan, processes in a container or service only in slow scans, unless a
// collector asks for more. Processes that existed only between two scans are known from
// the kernel's record of their exit (taskstats). Without it they are known, to 10 ms,
// from what their parent has taken over.
#pragma once

#include "collectors/kernel/cgroup/cgroup_reader.h"
#include "collectors/kernel/process/process_files.h"
#include "collectors/kernel/process/taskstats.h"
#include "collectors/kernel/system/host_root.h"
#include "collectors/model/workload.h"
#include "collectors/sampling/processes/process_account.h"
#include "collectors/sampling/processes/process_grouping.h"
#include "collectors/sampling/processes/process_report.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace tallyman {

struct ProcessScanOptions {
  bool groups = true;      // of bare processes
  bool open_files = true;  // for all workloads, in slow scans
  bool sched = false;      // run-queue delay and context switches, for all workloads
  bool tasks = false;      // the state of each thread, for all workloads
  bool programs = false;   // all workloads as often as bare processes
  bool pss = false;        // of bare processes, once a minute
  std::size_t max_groups = 100;
};

struct ScanTime {
  std::uint64_t wall_nsec = 0;
  std::chrono::steady_clock::time_point steady;
};

class ProcessScan {
 public:
  // `taskstats` may be null.
  ProcessScan(const HostRoot& root, ProcessGrouping grouping, ProcessScanOptions options,
              std::unique_ptr<Taskstats> taskstats);
  ~ProcessScan();

  ProcessReportPtr run(const WorkloadListPtr& workloads, ScanTime time, bool slow);
  // Empties the kernel's buffer of exits; must be called more often than it fills.
  void take_exits();

 private:
  using Pid = ProcessFiles::Pid;
  struct Process;
  struct ExitedProcess;

  void read_all();
  void scan_process(Pid pid);
  bool is_due(const Process& process) const;
  void place(Process& process);
  void settle(Process& process);
  void name(Process& process);
  std::string user_of(Pid pid);
  void recognise_runtime(Process& process);
  Tallies times_in(const PidStat& stat) const;
  Tallies read_details(Process& process);
  void read_bare(Process& process, Tallies& now, bool slow);
  void read_threads(Process& process, Tallies& now);
  void read_task_states(Process& process);
  void read_pss(Process& process);
  void read_times_and_book();
  void book_growth(Process& process, const Tallies& growth);
  void book_served(Process& process);

  void book_exits();
  void book_exit(Process& process, const TaskExit& exit);
  void book_exit_of_unknown(const TaskExit& exit);
  const std::string* cgroup_of(Pid pid) const;
  void book_vanished();
  void hand_to_parent(Process& ended);
  void book_children(Process& parent);

  void sum_up();
  void add_to(ProcessAccount& account, const Process& process, bool own);
  void add_to_served(const Process& process);
  void follow_first_processes();
  void read_namespaces();
  void note(const Error& error);

  HostRoot root_;
  ProcessFiles files_;
  ProcessGrouping grouping_;
  ProcessScanOptions options_;
  std::unique_ptr<Taskstats> taskstats_;
  ProcessAccounts accounts_;

  WorkloadListPtr workloads_;
  ScanTime time_, last_time_;
  std::uint64_t scan_ = 0;
  bool slow_ = false;
  std::uint64_t page_bytes_;
  unsigned pss_left_ = 0;                                                   // remaining reads in this scan
  std::unordered_map<Pid, std::unique_ptr<Process>> processes_, replaced_;  // replaced_: their pid is in use again
  std::vector<std::pair<Process*, Tallies>> fresh_;                         // read in this scan
  std::vector<TaskExit> exits_;                                             // since the last scan
  std::unordered_map<Pid, Pid> unknown_parents_;                  // parents that existed only since the last scan
  std::unordered_map<Pid, Tallies> unknown_threads_;              // that ended before their process, which is not known
  std::unordered_map<Pid, ExitedProcess> exited_;                 // from the last scan and this one
  std::unordered_map<std::uint64_t, std::string> program_names_;  // of executables seen, by a mix of device and inode
  std::unordered_map<std::uint64_t, std::string> user_names_;
  std::uint64_t boot_nsec_ = 0;
  NamespaceIds host_namespaces_{};
  ProcessScanStatistics statistics_;
};

}  // namespace tallyman
