// Reads all processes of the host, once per call, and books what each has used since the
// last call. No thread and no clock of its own; one thread owns it.
//
// Bare processes are read in each scan, processes in a container or service only in slow
// scans, unless a collector asks for more. Processes that existed only between two scans
// are known from the kernel's record of their exit (taskstats). Without it they are known,
// to 10 ms, from what their parent has taken over.
#pragma once

#include "collectors/kernel/process/process_files.h"
#include "collectors/kernel/process/taskstats.h"
#include "collectors/kernel/system/host_root.h"
#include "collectors/model/init_exits.h"
#include "collectors/model/workload.h"
#include "collectors/sampling/processes/child_book.h"
#include "collectors/sampling/processes/current_scan.h"
#include "collectors/sampling/processes/exit_book.h"
#include "collectors/sampling/processes/first_processes.h"
#include "collectors/sampling/processes/proc_table.h"
#include "collectors/sampling/processes/process_account.h"
#include "collectors/sampling/processes/process_details.h"
#include "collectors/sampling/processes/process_grouping.h"
#include "collectors/sampling/processes/process_places.h"
#include "collectors/sampling/processes/process_report.h"
#include "collectors/sampling/processes/process_sums.h"
#include "collectors/sampling/processes/runtime_facts.h"
#include "collectors/sampling/processes/scanned_process.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace tallyman {

struct ProcessScanOptions {
  bool groups = true;            // of bare processes
  bool open_files = true;        // for all workloads, in slow scans
  bool sched = false;            // run-queue delay and context switches, for all workloads
  bool tasks = false;            // the state of each thread, for all workloads
  bool container_tasks = false;  // the state of each thread in containers, in slow scans
  bool container_io = false;     // bytes read and written in containers, in slow scans
  bool programs = false;         // all workloads as often as bare processes
  bool pss = false;              // of bare processes, once a minute
  std::size_t max_groups = 100;
  // The time at which processes are read. Null: the time that run() is given.
  std::function<std::chrono::steady_clock::time_point()> now;
};

class ProcessScan {
 public:
  // `taskstats` may be null.
  ProcessScan(const HostRoot& root, ProcessGrouping grouping, const ProcessScanOptions& options,
              std::unique_ptr<Taskstats> taskstats);
  ProcessScan(const ProcessScan&) = delete;  // its parts refer to one another
  ProcessScan& operator=(const ProcessScan&) = delete;

  ProcessReportPtr run(const WorkloadListPtr& workloads, ScanTime time, bool slow);
  // Empties the kernel's buffer of exits; must be called more often than it fills.
  void take_exits(std::uint64_t wall_nsec) { exits_.take(wall_nsec); }
  // How containers' first processes ended; null without taskstats. May outlive this.
  std::shared_ptr<const InitExits> init_exits() const { return init_exits_; }

 private:
  void follow(const WorkloadListPtr& workloads, ScanTime time);
  void read(ScannedProcess& process, bool runs_another, CurrentScan& scan);
  void read_all(CurrentScan& scan);
  void learn_programs();
  void book(const CurrentScan& scan);
  void sum_up(const CurrentScan& scan);
  std::chrono::steady_clock::time_point now(const CurrentScan& scan) const;
  ProcessReportPtr report_of(const CurrentScan& scan);

  HostRoot root_;
  ProcessScanOptions options_;
  std::unique_ptr<Taskstats> taskstats_;
  std::shared_ptr<InitExits> init_exits_;
  ProcessFiles files_;
  ProcessAccounts accounts_;
  ProcTable table_;
  ProcessPlaces places_;
  ProcessDetails details_;
  RuntimeFacts runtime_;
  ExitBook exits_;
  ChildBook children_;
  ProcessSums sums_;
  FirstProcesses first_;

  WorkloadListPtr workloads_;
  std::uint64_t scans_ = 0;
  std::chrono::steady_clock::time_point read_at_{}, all_read_at_{};
  // Of this scan.
  std::vector<ProcessReading> readings_;
  std::vector<const ScannedProcess*> started_;  // those that run another program than before
};

}  // namespace tallyman
