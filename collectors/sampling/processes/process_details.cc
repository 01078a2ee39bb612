#include "collectors/sampling/processes/process_details.h"

#include "collectors/sampling/processes/scanned_process.h"

#include <unistd.h>

#include <algorithm>

namespace tallyman {
namespace {

constexpr unsigned kMaxPssPerScan = 20;
constexpr std::chrono::seconds kPssInterval{60};
// So many take 8 ms, during which the process cannot map memory.
constexpr std::uint64_t kMaxPssResidentBytes = 512ULL * 1024 * 1024;

// A process that ended meanwhile has no values; without permission they are unknown.
template <class T>
Count none_if_gone(const Result<T>& result) {
  return result.error().kind == ErrorKind::kGone ? Count(0) : Count();
}

TaskStates& count_state(TaskStates& tasks, char state) {
  switch (state) {
    case 'R':
      ++tasks.running;
      break;
    case 'D':
      ++tasks.uninterruptible;
      break;
    case 'T':
    case 't':
      ++tasks.stopped;
      break;
    case 'S':
    case 'I':
      ++tasks.sleeping;
      break;
    default:
      break;
  }
  return tasks;
}

}  // namespace

ProcessDetails::ProcessDetails(ProcessFiles& files, Options options, Taskstats* taskstats)
    : files_(files),
      options_(options),
      taskstats_(taskstats),
      page_bytes_(static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE))) {}

void ProcessDetails::begin_scan() { pss_left_ = kMaxPssPerScan; }

Tallies ProcessDetails::times_in(const PidStat& stat) const {
  Tallies now;
  now.set(Tally::kUser, stat.utime_ticks * kNsecPerTick);
  now.set(Tally::kSystem, stat.stime_ticks * kNsecPerTick);
  now.set(Tally::kFaults, stat.minflt + stat.majflt);
  now.set(Tally::kMajorFaults, stat.majflt);
  if (!taskstats_) {
    now.set(Tally::kCpu, (stat.utime_ticks + stat.stime_ticks) * kNsecPerTick);
  }
  return now;
}

Tallies ProcessDetails::read(OfProcess& process, const PidStat& stat, How how, CurrentScan& scan) {
  Tallies now = times_in(stat);
  if (stat.is_dead()) {
    return now;
  }
  if (!taskstats_ && options_.sched) {
    read_threads(process, stat.pid, now);
  }
  process.resident_bytes = stat.rss_pages * page_bytes_;
  const bool rare = scan.slow || how.first;
  if (stat.is_kernel_thread()) {
    process.anon = process.swap = process.open_files = process.sockets = process.pss = 0;
    now.set(Tally::kReadBytes, 0);
    now.set(Tally::kWrittenBytes, 0);
  } else if (how.bare) {
    read_bare(process, stat.pid, now, rare, scan);
  } else if (options_.container_io && how.in_container && rare) {
    read_io(stat.pid, now, rare, scan);
  }
  if (options_.open_files && !stat.is_kernel_thread() && rare) {
    read_open_files(process, stat.pid, scan);
  }
  if (options_.tasks || (options_.container_tasks && how.in_container && rare)) {
    read_task_states(process, stat);
  }
  return now;
}

void ProcessDetails::read_bare(OfProcess& process, Pid pid, Tallies& now, bool rare, CurrentScan& scan) {
  const auto memory = files_.memory(pid);
  if (memory) {
    process.resident_bytes = memory->resident * page_bytes_;
    process.anon = (memory->resident - std::min(memory->resident, memory->shared)) * page_bytes_;
  } else {
    process.anon = none_if_gone(memory);
  }
  read_io(pid, now, rare, scan);
  if (rare) {
    const auto status = files_.status(pid);
    process.swap = status ? status->swap_bytes : none_if_gone(status);
  }
  read_pss(process, pid, scan.time);
}

void ProcessDetails::read_io(Pid pid, Tallies& now, bool rare, CurrentScan& scan) {
  const auto io = files_.io(pid);
  if (io || io.error().kind == ErrorKind::kGone) {
    now.set(Tally::kReadBytes, io ? io->read_bytes.value_or(0) : 0);
    now.set(Tally::kWrittenBytes, io ? io->write_bytes.value_or(0) : 0);
  } else if (rare) {
    scan.note(io.error());
  }
}

void ProcessDetails::read_open_files(OfProcess& process, Pid pid, CurrentScan& scan) {
  const auto open_files = files_.open_files(pid);
  process.open_files = open_files ? Count(open_files->count) : none_if_gone(open_files);
  process.sockets = open_files ? open_files->sockets : none_if_gone(open_files);
  if (!open_files) {
    scan.note(open_files.error());
  }
}

// A thread's counters vanish with it: growth is counted per thread.
void ProcessDetails::read_threads(OfProcess& process, Pid pid, Tallies& now) {
  const auto threads = files_.threads_sched(pid);
  if (!threads) {
    return;
  }
  std::map<std::uint32_t, ThreadSched> next;
  Tallies& sum = process.threads_growth_;
  for (const ThreadSched& thread : *threads) {
    const auto before = process.threads_.find(thread.id);
    const ThreadSched none;
    const ThreadSched& old = before == process.threads_.end() ? none : before->second;
    const auto grow = [&sum](Tally which, std::uint64_t is, std::uint64_t was) {
      sum.set(which, sum[which] + (is > was ? is - was : 0));
    };
    grow(Tally::kRun, thread.sched.run_nsec, old.sched.run_nsec);
    grow(Tally::kRunqueue, thread.sched.runqueue_nsec, old.sched.runqueue_nsec);
    grow(Tally::kTimeslices, thread.sched.timeslices, old.sched.timeslices);
    if (thread.status.voluntary_switches && thread.status.involuntary_switches) {
      grow(Tally::kVoluntary, *thread.status.voluntary_switches, old.status.voluntary_switches.value_or(0));
      grow(Tally::kInvoluntary, *thread.status.involuntary_switches, old.status.involuntary_switches.value_or(0));
    }
    next.emplace(thread.id, thread);
  }
  process.threads_ = std::move(next);
  for (const Tally which :
       {Tally::kRun, Tally::kRunqueue, Tally::kTimeslices, Tally::kVoluntary, Tally::kInvoluntary}) {
    if (sum.knows(which)) {
      now.set(which, sum[which]);
    }
  }
}

void ProcessDetails::read_task_states(OfProcess& process, const PidStat& stat) {
  process.tasks = {};
  if (stat.threads <= 1) {
    count_state(process.tasks, stat.state);
  } else if (const auto states = files_.threads_states(stat.pid)) {
    for (const char state : *states) {
      count_state(process.tasks, state);
    }
  }
}

void ProcessDetails::read_pss(OfProcess& process, Pid pid, ScanTime time) {
  if (!options_.pss || pss_left_ == 0 || (process.pss && time.steady - process.pss_read_ < kPssInterval)) {
    return;
  }
  process.pss.reset();
  if (process.resident_bytes <= kMaxPssResidentBytes) {
    --pss_left_;
    const auto pss = files_.pss_bytes(pid);
    process.pss = pss ? *pss : Count();
    process.pss_read_ = time.steady;
  }
}

// What the kernel reports of a whole process can count a thread twice that is just ending: it is already in the
// process's sum, and still in its list of threads (fill_tgid_exit() and fill_stats_for_tgid() in kernel/taskstats.c).
// The totals would keep the excess, as they never fall. /proc/PID/stat does not have this fault.
TaskTimes ProcessDetails::checked(const TaskTimes& times, const PidStat& stat) const {
  // Both of its figures are rounded down.
  const auto is_within = [&](const PidStat& read) {
    return times.run_nsec <= (read.utime_ticks + read.stime_ticks + 2) * kNsecPerTick;
  };
  if (is_within(stat)) {
    return times;
  }
  const auto later = files_.stat(stat.pid);  // it may have run since `stat` was read
  if (!later || later->start_ticks != stat.start_ticks) {
    return {};  // its exit record has the final times
  }
  if (is_within(*later)) {
    return times;
  }
  TaskTimes of_stat;
  of_stat.run_nsec = (later->utime_ticks + later->stime_ticks) * kNsecPerTick;
  return of_stat;
}

void ProcessDetails::add_exact_times(std::vector<ProcessReading>& readings) const {
  if (!taskstats_) {
    return;
  }
  std::vector<Pid> pids;
  pids.reserve(readings.size());
  for (const ProcessReading& reading : readings) {
    pids.push_back(reading.process->stat.pid);
  }
  const auto times = taskstats_->times(pids);
  for (std::size_t i = 0; i < readings.size(); ++i) {
    const PidStat& stat = readings[i].process->stat;
    // It has ended since: its exit record has the final times.
    const TaskTimes reported = times[i] && !stat.is_dead() ? checked(*times[i], stat) : TaskTimes();
    Tallies& now = readings[i].now;
    now.set(Tally::kCpu, reported.run_nsec);
    now.set(Tally::kRun, reported.run_nsec);
    now.set(Tally::kRunqueue, reported.runqueue_nsec);
    now.set(Tally::kTimeslices, reported.timeslices);
    now.set(Tally::kVoluntary, reported.voluntary_switches);
    now.set(Tally::kInvoluntary, reported.involuntary_switches);
  }
}

}  // namespace tallyman
