// Who exists: the processes in /proc as the last walk through it found them. One thread
// owns it.
//
// A process is (pid, start time): a reused pid is another process. What is known about a
// process may be changed through a const table, who exists may not.
#pragma once

#include "collectors/kernel/process/process_files.h"
#include "collectors/sampling/processes/current_scan.h"
#include "collectors/sampling/processes/scanned_process.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace tallyman {

class ProcTable {
 public:
  using Pid = ProcessFiles::Pid;

  // `files` outlive it. `is_live`: a running kernel's, where the first process always exists.
  explicit ProcTable(ProcessFiles& files, bool is_live = false) : files_(files), is_live_(is_live) {}

  // Goes through /proc, and calls visit(process, runs_another) right after the stat of a
  // process was read. runs_another: it is new, or runs another program than before. With
  // `all`, or in a slow scan, all are read, else those that are bare or still settling.
  template <class Visit>
  void walk(CurrentScan& scan, bool all, Visit visit) {
    for (const Pid pid : pids(scan)) {
      const Found found = read(pid, scan, all || scan.slow);
      if (found.process != nullptr) {
        visit(*found.process, found.runs_another);
        ++found.process->reads;
      }
    }
  }
  // Forgets those that the walk did not find any more.
  void remove_vanished(const CurrentScan& scan);

  // Null if it is not known.
  ScannedProcess* find(Pid pid) const { return find_in(processes_, pid); }
  // The one that had this pid before a process that started since the last scan.
  ScannedProcess* find_replaced(Pid pid) const { return find_in(replaced_, pid); }
  // Of a process that exists, or has ended in the last two scans: its orphans belong there.
  const std::string* cgroup_of(Pid pid) const;

  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& [pid, process] : processes_) {
      visit(*process);
    }
  }
  // Between walk() and remove_vanished().
  template <class Visit>
  void for_each_vanished(const CurrentScan& scan, Visit visit) const {
    for (const auto& [pid, process] : replaced_) {
      visit(*process);
    }
    for (const auto& [pid, process] : processes_) {
      if (process->seen != scan.number) {
        visit(*process);
      }
    }
  }
  std::size_t size() const { return processes_.size(); }
  std::uint64_t left_out() const { return left_out_; }  // of the last walk, beyond the bound
  // In the last walk this /proc showed some processes not at all (hidepid), or nothing of them.
  bool hides_some() const { return hides_some_; }

 private:
  using Processes = std::unordered_map<Pid, std::unique_ptr<ScannedProcess>>;
  struct Ended {
    std::string cgroup;
    std::uint64_t scan = 0;
  };
  struct Found {
    ScannedProcess* process = nullptr;  // null: not read
    bool runs_another = false;
  };

  std::vector<Pid> pids(CurrentScan& scan);
  Found read(Pid pid, CurrentScan& scan, bool all);
  static ScannedProcess* find_in(const Processes& processes, Pid pid);

  ProcessFiles& files_;
  Processes processes_, replaced_;        // replaced_: their pid is in use again
  std::unordered_map<Pid, Ended> ended_;  // in the last two scans
  std::uint64_t left_out_ = 0;
  bool is_live_;
  bool hides_some_ = false;
};

}  // namespace tallyman
