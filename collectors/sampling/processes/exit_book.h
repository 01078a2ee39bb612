// The kernel's records of exits (taskstats), and what is booked from them: what a process
// used after it was last read, and all that a process used that no scan has seen. Also how
// the first processes of containers ended. One thread owns it.
#pragma once

#include "collectors/kernel/process/process_files.h"
#include "collectors/kernel/process/taskstats.h"
#include "collectors/model/init_exits.h"
#include "collectors/sampling/processes/current_scan.h"
#include "collectors/sampling/processes/process_account.h"

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace tallyman {

class ProcTable;
class ProcessPlaces;
struct ScannedProcess;

class ExitBook {
 public:
  class OfProcess {
    friend class ExitBook;
    Tallies ended_threads_;  // from their records: faults and bytes
    bool finished_ = false;  // its exit is booked
  };

  // `taskstats` may be null: then there are no records. `inits` may be null. All outlive it.
  ExitBook(const ProcTable& table, ProcessPlaces& places, Taskstats* taskstats, InitExits* inits = nullptr);

  // Empties the kernel's buffer; must be called more often than it fills.
  void take(std::uint64_t wall_nsec);
  // Books all that were taken, after the processes that exist are booked.
  void book(ScanTime time);

  std::uint64_t exits() const { return exits_; }  // of processes
  // Times that the kernel's buffer was full.
  std::uint64_t overflows() const { return taskstats_ ? taskstats_->overflows() : 0; }

 private:
  using Pid = ProcessFiles::Pid;

  ScannedProcess* find(Pid pid) const;
  void note_init(const TaskExit& exit, std::uint64_t wall_nsec);
  void book_known(ScannedProcess& process, const TaskExit& exit, ScanTime time);
  void book_unseen(const TaskExit& exit, ScanTime time);
  const std::string* cgroup_of(Pid pid) const;

  const ProcTable& table_;
  ProcessPlaces& places_;
  Taskstats* taskstats_;
  InitExits* inits_;
  std::vector<TaskExit> taken_;                      // since the last scan
  std::unordered_map<Pid, Pid> unseen_parents_;      // parents that existed only since the last scan
  std::unordered_map<Pid, Tallies> unseen_threads_;  // that ended before their process, which is not known
  std::uint64_t exits_ = 0;
};

}  // namespace tallyman
