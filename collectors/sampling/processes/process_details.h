// What is read of one process in a scan: times, memory, bytes, threads, open files. One
// thread owns it.
#pragma once

#include "collectors/kernel/process/process_files.h"
#include "collectors/kernel/process/taskstats.h"
#include "collectors/kernel/stats/count.h"
#include "collectors/kernel/stats/process_stats.h"
#include "collectors/model/process_facts.h"
#include "collectors/sampling/processes/current_scan.h"
#include "collectors/sampling/processes/process_account.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <vector>

namespace tallyman {

struct ProcessReading;

class ProcessDetails {
 public:
  struct Options {
    bool open_files = true;
    bool sched = false;
    bool tasks = false;
    bool container_tasks = false;  // rarely, and only of processes in containers
    bool container_io = false;     // the same
    bool pss = false;
  };

  // As last read.
  struct OfProcess {
    std::uint64_t resident_bytes = 0;
    Count anon, swap, open_files, sockets, pss;
    TaskStates tasks;

   private:
    friend class ProcessDetails;
    std::chrono::steady_clock::time_point pss_read_{};
    std::map<std::uint32_t, ThreadSched> threads_;  // without taskstats: totals must not fall when threads end
    Tallies threads_growth_;
  };

  // `taskstats` may be null: then CPU times are those of /proc, in steps of 10 ms. Both
  // outlive it.
  ProcessDetails(ProcessFiles& files, Options options, Taskstats* taskstats);

  void begin_scan();
  struct How {
    bool bare = false;          // memory, bytes and PSS, too
    bool first = false;         // what is read rarely, too
    bool in_container = false;  // what is wanted of containers' processes, too
  };
  // Reads what this scan needs of a process, and returns its totals.
  Tallies read(OfProcess& process, const PidStat& stat, How how, CurrentScan& scan);
  // Completes the totals by the kernel's own, all in one go.
  void add_exact_times(std::vector<ProcessReading>& readings) const;

 private:
  using Pid = ProcessFiles::Pid;

  Tallies times_in(const PidStat& stat) const;
  TaskTimes checked(const TaskTimes& times, const PidStat& stat) const;
  void read_bare(OfProcess& process, Pid pid, Tallies& now, bool rare, CurrentScan& scan);
  void read_io(Pid pid, Tallies& now, bool rare, CurrentScan& scan);
  void read_open_files(OfProcess& process, Pid pid, CurrentScan& scan);
  void read_threads(OfProcess& process, Pid pid, Tallies& now);
  void read_task_states(OfProcess& process, const PidStat& stat);
  void read_pss(OfProcess& process, Pid pid, ScanTime time);

  ProcessFiles& files_;
  Options options_;
  Taskstats* taskstats_;
  std::uint64_t page_bytes_;
  unsigned pss_left_ = 0;  // remaining reads in this scan
};

}  // namespace tallyman
