// Processes that ended since the last scan: what they used after they were last read.
#include "collectors/sampling/processes/process_scan.h"
#include "collectors/sampling/processes/process_scan_state.h"

#include <algorithm>

namespace tallyman {
namespace {

constexpr std::size_t kMaxUnknown = 100'000;
constexpr int kMaxAncestors = 32;
constexpr Tally kOfChildren[] = {Tally::kCpu, Tally::kUser, Tally::kSystem, Tally::kFaults, Tally::kMajorFaults};

// The ticks give the proportions of the run time, as in the kernel's cputime_adjust().
std::uint64_t user_part(const TaskTimes& times) {
  const std::uint64_t ticks = times.utime_usec + times.stime_usec;
  return ticks == 0 ? times.run_nsec
                    : static_cast<std::uint64_t>(static_cast<double>(times.run_nsec) *
                                                 static_cast<double>(times.utime_usec) / static_cast<double>(ticks));
}

Tallies final_tallies(const TaskTimes& times, const Tallies& threads) {
  Tallies result = threads;
  result.set(Tally::kCpu, times.run_nsec);
  result.set(Tally::kRun, times.run_nsec);
  result.set(Tally::kUser, user_part(times));
  result.set(Tally::kSystem, times.run_nsec - user_part(times));
  result.set(Tally::kRunqueue, times.runqueue_nsec);
  result.set(Tally::kTimeslices, times.timeslices);
  result.set(Tally::kVoluntary, times.voluntary_switches);
  result.set(Tally::kInvoluntary, times.involuntary_switches);
  return result;
}

// The part of the record that is about this one thread.
Tallies of_thread(const TaskExit& exit) {
  Tallies result;
  result.set(Tally::kFaults, exit.minflt + exit.majflt);
  result.set(Tally::kMajorFaults, exit.majflt);
  result.set(Tally::kReadBytes, exit.read_bytes);
  result.set(Tally::kWrittenBytes, exit.write_bytes);
  return result;
}

Tallies of_children(const PidStat& stat) {
  Tallies result;
  result.set(Tally::kUser, stat.cutime_ticks * kNsecPerTick);
  result.set(Tally::kSystem, stat.cstime_ticks * kNsecPerTick);
  result.set(Tally::kCpu, (stat.cutime_ticks + stat.cstime_ticks) * kNsecPerTick);
  result.set(Tally::kFaults, stat.cminflt + stat.cmajflt);
  result.set(Tally::kMajorFaults, stat.cmajflt);
  return result;
}

}  // namespace

void ProcessScan::book_exits() {
  unknown_parents_.clear();
  const auto find = [this](Pid pid) -> Process* {
    for (auto* processes : {&replaced_, &processes_}) {
      const auto found = processes->find(pid);
      if (found != processes->end() && !found->second->finished) {
        return found->second.get();
      }
    }
    return nullptr;
  };
  std::vector<const TaskExit*> unknown;
  for (const TaskExit& exit : exits_) {
    if (Process* process = find(exit.tgid)) {
      book_exit(*process, exit);
    } else if (exit.process) {
      unknown_parents_[exit.tgid] = exit.ppid;
      unknown.push_back(&exit);
    } else if (unknown_threads_.size() < kMaxUnknown) {
      unknown_threads_[exit.tgid].add(of_thread(exit));
    }
    statistics_.exits += exit.process ? 1U : 0U;
  }
  for (const TaskExit* exit : unknown) {  // children end before their parents: now all parents are known
    book_exit_of_unknown(*exit);
  }
  unknown_threads_.clear();
  exits_.clear();
}

void ProcessScan::book_exit(Process& process, const TaskExit& exit) {
  process.ended_threads.add(of_thread(exit));
  if (!exit.process) {
    return;
  }
  Tallies last = final_tallies(*exit.process, process.ended_threads);
  if (!process.totals.knows(Tally::kReadBytes)) {
    // For a process in a container only the device's own counters are reported.
    Tallies without_bytes = final_tallies(*exit.process, {});
    without_bytes.set(Tally::kFaults, last[Tally::kFaults]);
    without_bytes.set(Tally::kMajorFaults, last[Tally::kMajorFaults]);
    last = without_bytes;
  }
  book_growth(process, process.totals.rise_to(last));
  process.finished = true;
}

// The cgroup of a process that is or was known, or of its parent.
const std::string* ProcessScan::cgroup_of(Pid pid) const {
  for (int i = 0; i < kMaxAncestors && pid != 0; ++i) {
    if (const auto known = processes_.find(pid); known != processes_.end()) {
      return &known->second->cgroup;
    }
    if (const auto gone = exited_.find(pid); gone != exited_.end()) {
      return &gone->second.cgroup;
    }
    const auto parent = unknown_parents_.find(pid);
    if (parent == unknown_parents_.end()) {
      return nullptr;
    }
    pid = parent->second;
  }
  return nullptr;
}

void ProcessScan::book_exit_of_unknown(const TaskExit& exit) {
  const auto named = program_names_.find(program_key(exit.exe_device, exit.exe_inode));
  const std::string& program = named == program_names_.end() ? exit.comm : named->second;
  const std::string* cgroup = cgroup_of(exit.ppid);
  const std::vector<CgroupMembership> where = {{0, cgroup == nullptr ? "/" : *cgroup}};
  const ProcessAccounts::Home home = accounts_.home_of(where);
  Tallies threads = of_thread(exit);
  if (const auto others = unknown_threads_.find(exit.tgid); others != unknown_threads_.end()) {
    threads.add(others->second);
    unknown_threads_.erase(others);
  }
  const Tallies all = final_tallies(*exit.process, threads);
  book(home.account, program, all, time_.steady);
  if (home.account == nullptr || home.account->holds_processes || !options_.groups) {
    return;
  }
  const std::string group =
      exit.ppid == kKernelThreads ? "[kernel]" : grouping_.group_of({program, "", std::to_string(exit.uid), home.path});
  book(accounts_.group(group, time_.steady, time_.wall_nsec), program, all, time_.steady);
}

void ProcessScan::book_vanished() {
  if (!taskstats_) {
    for (auto* processes : {&replaced_, &processes_}) {
      for (auto& [pid, process] : *processes) {
        if (process->seen != scan_ || processes == &replaced_) {
          hand_to_parent(*process);
        }
      }
    }
    for (auto& [process, now] : fresh_) {
      book_children(*process);
    }
    for (auto& [pid, process] : processes_) {
      process->successor = {};  // its accounts may not outlive this scan
    }
  }
  std::erase_if(exited_, [this](const auto& one) { return one.second.scan + 1 < scan_; });
  std::erase_if(processes_, [this](auto& one) {
    if (one.second->seen == scan_) {
      return false;
    }
    exited_[one.first] = {std::move(one.second->cgroup), scan_};
    return true;
  });
  replaced_.clear();
}

// What is booked of it and of its children is counted once more by its first existing
// ancestor, as soon as that has waited for it.
void ProcessScan::hand_to_parent(Process& ended) {
  Pid pid = ended.stat.ppid;
  for (int i = 0; i < kMaxAncestors; ++i) {
    const auto found = processes_.find(pid);
    if (found == processes_.end()) {
      return;
    }
    Process& parent = *found->second;
    if (parent.seen == scan_) {
      parent.booked_of_children.add(ended.totals);
      parent.booked_of_children.add(ended.children);
      parent.successor = {ended.home, ended.group, ended.executable};
      return;
    }
    pid = parent.stat.ppid;
  }
}

// What its children used beyond that: children that existed only between two scans, and
// others after they were last read.
void ProcessScan::book_children(Process& parent) {
  const bool of_before = scan_ == 1 && parent.reads == 1;  // long ago, by unknown children
  Tallies growth = parent.children.rise_to(of_children(parent.stat));
  Tallies rest, early;
  for (const Tally which : kOfChildren) {
    const std::uint64_t known = parent.booked_of_children[which] + parent.booked_too_early[which];
    rest.set(which, growth[which] > known ? growth[which] - known : 0);
    // It may have been waited for after its parent was read: then the next scan counts it.
    early.set(which, known > growth[which] ? std::min(known - growth[which], parent.booked_of_children[which]) : 0);
  }
  if (!of_before && rest[Tally::kCpu] + rest[Tally::kFaults] != 0) {
    const bool inherited = !parent.successor.executable.empty();
    const std::string& program = inherited ? parent.successor.executable : parent.executable;
    book(inherited ? parent.successor.home : parent.home, program, rest, time_.steady);
    book(inherited ? parent.successor.group : parent.group, program, rest, time_.steady);
  }
  parent.booked_of_children = {};
  parent.booked_too_early = early;
}

}  // namespace tallyman
