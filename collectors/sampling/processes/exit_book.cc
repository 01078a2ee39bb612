#include "collectors/sampling/processes/exit_book.h"

#include "collectors/sampling/processes/proc_table.h"

namespace tallyman {
namespace {

constexpr std::size_t kMaxUnseen = 100'000;
constexpr int kMaxAncestors = 32;

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

}  // namespace

ExitBook::ExitBook(const ProcTable& table, ProcessPlaces& places, Taskstats* taskstats, InitExits* inits)
    : table_(table), places_(places), taskstats_(taskstats), inits_(inits) {}

void ExitBook::take(std::uint64_t wall_nsec) {
  if (!taskstats_) {
    return;
  }
  const std::size_t before = taken_.size();
  taskstats_->take_exits(taken_);
  if (!inits_) {
    return;
  }
  for (std::size_t i = before; i < taken_.size(); ++i) {
    note_init(taken_[i], wall_nsec);
  }
  inits_->complete_until(wall_nsec);
}

// A scan may not have seen it; then only its pid can be asked about.
void ExitBook::note_init(const TaskExit& exit, std::uint64_t wall_nsec) {
  if (!exit.process) {
    return;
  }
  inits_->add(exit.tgid, exit.wait_status, wall_nsec);
  const ScannedProcess* process = find(exit.tgid);
  for (const ProcessAccount* account = process != nullptr ? process->place.home : nullptr; account != nullptr;
       account = account->parent) {
    if (account->init_pid == exit.tgid) {
      inits_->add_init(*account->workload, exit.wait_status, wall_nsec);
    }
  }
}

// The process that such a record is about.
ScannedProcess* ExitBook::find(Pid pid) const {
  for (ScannedProcess* process : {table_.find_replaced(pid), table_.find(pid)}) {
    if (process != nullptr && !process->exit.finished_) {
      return process;
    }
  }
  return nullptr;
}

void ExitBook::book(ScanTime time) {
  unseen_parents_.clear();
  std::vector<const TaskExit*> unseen;
  for (const TaskExit& exit : taken_) {
    if (ScannedProcess* process = find(exit.tgid)) {
      book_known(*process, exit, time);
    } else if (exit.process) {
      unseen_parents_[exit.tgid] = exit.ppid;
      unseen.push_back(&exit);
    } else if (unseen_threads_.size() < kMaxUnseen) {
      unseen_threads_[exit.tgid].add(of_thread(exit));
    }
    exits_ += exit.process ? 1U : 0U;
  }
  for (const TaskExit* exit : unseen) {  // children end before their parents: now all parents are known
    book_unseen(*exit, time);
  }
  unseen_threads_.clear();
  taken_.clear();
}

void ExitBook::book_known(ScannedProcess& process, const TaskExit& exit, ScanTime time) {
  process.exit.ended_threads_.add(of_thread(exit));
  if (!exit.process) {
    return;
  }
  Tallies last = final_tallies(*exit.process, process.exit.ended_threads_);
  if (!process.totals.knows(Tally::kReadBytes)) {
    // For a process in a container only the device's own counters are reported.
    Tallies without_bytes = final_tallies(*exit.process, {});
    without_bytes.set(Tally::kFaults, last[Tally::kFaults]);
    without_bytes.set(Tally::kMajorFaults, last[Tally::kMajorFaults]);
    last = without_bytes;
  }
  process.place.book(process.totals.rise_to(last), time);
  process.exit.finished_ = true;
}

void ExitBook::book_unseen(const TaskExit& exit, ScanTime time) {
  Tallies threads = of_thread(exit);
  if (const auto others = unseen_threads_.find(exit.tgid); others != unseen_threads_.end()) {
    threads.add(others->second);
    unseen_threads_.erase(others);
  }
  const std::string* cgroup = cgroup_of(exit.ppid);
  places_.book_unseen(exit, cgroup == nullptr ? "/" : *cgroup, final_tallies(*exit.process, threads), time);
}

// The cgroup of a process that is or was known, or of its parent.
const std::string* ExitBook::cgroup_of(Pid pid) const {
  for (int i = 0; i < kMaxAncestors && pid != 0; ++i) {
    if (const std::string* cgroup = table_.cgroup_of(pid)) {
      return cgroup;
    }
    const auto parent = unseen_parents_.find(pid);
    if (parent == unseen_parents_.end()) {
      return nullptr;
    }
    pid = parent->second;
  }
  return nullptr;
}

}  // namespace tallyman
