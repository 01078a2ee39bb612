// The values read for one process in a scan: times, memory, bytes, threads, open files.
#include "collectors/model/process_facts.h"
#include "collectors/sampling/processes/process_scan.h"
#include "collectors/sampling/processes/process_scan_state.h"

#include <algorithm>

namespace tallyman {
namespace {

constexpr std::chrono::seconds kPssInterval{60};
constexpr std::uint64_t kPssCeilingBytes = 512ULL * 1024 * 1024;  // 8 ms, during which the process cannot map memory

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

Tallies ProcessScan::times_in(const PidStat& stat) const {
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

Tallies ProcessScan::read_details(Process& process) {
  const PidStat& stat = process.stat;
  Tallies now = times_in(stat);
  if (!taskstats_ && options_.sched) {
    read_threads(process, now);
  }
  process.resident_bytes = stat.rss_pages * page_bytes_;
  const bool first = process.reads == 0;
  if (stat.is_kernel_thread()) {
    process.anon = process.swap = process.open_files = process.sockets = process.pss = 0;
    now.set(Tally::kReadBytes, 0);
    now.set(Tally::kWrittenBytes, 0);
  } else if (process.is_bare()) {
    read_bare(process, now, slow_ || first);
  }
  if (options_.open_files && !stat.is_kernel_thread() && (slow_ || first)) {
    const auto open_files = files_.open_files(stat.pid);
    process.open_files = open_files ? Count(open_files->count) : none_if_gone(open_files);
    process.sockets = open_files ? open_files->sockets : none_if_gone(open_files);
    if (!open_files) {
      note(open_files.error());
    }
  }
  if (options_.tasks) {
    read_task_states(process);
  }
  return now;
}

void ProcessScan::read_bare(Process& process, Tallies& now, bool slow) {
  const Pid pid = process.stat.pid;
  const auto memory = files_.memory(pid);
  if (memory) {
    process.resident_bytes = memory->resident * page_bytes_;
    process.anon = (memory->resident - std::min(memory->resident, memory->shared)) * page_bytes_;
  } else {
    process.anon = none_if_gone(memory);
  }
  const auto io = files_.io(pid);
  if (io || io.error().kind == ErrorKind::kGone) {
    now.set(Tally::kReadBytes, io ? io->read_bytes.value_or(0) : 0);
    now.set(Tally::kWrittenBytes, io ? io->write_bytes.value_or(0) : 0);
  } else if (slow) {
    note(io.error());
  }
  if (slow) {
    const auto status = files_.status(pid);
    process.swap = status ? status->swap_bytes : none_if_gone(status);
  }
  read_pss(process);
}

// A thread's counters vanish with it: growth is counted per thread.
void ProcessScan::read_threads(Process& process, Tallies& now) {
  const auto threads = files_.threads_sched(process.stat.pid);
  if (!threads) {
    return;
  }
  std::map<std::uint32_t, ThreadSched> next;
  Tallies& sum = process.threads_growth;
  for (const ThreadSched& thread : *threads) {
    const auto before = process.threads.find(thread.id);
    const ThreadSched none;
    const ThreadSched& old = before == process.threads.end() ? none : before->second;
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
  process.threads = std::move(next);
  for (const Tally which :
       {Tally::kRun, Tally::kRunqueue, Tally::kTimeslices, Tally::kVoluntary, Tally::kInvoluntary}) {
    if (sum.knows(which)) {
      now.set(which, sum[which]);
    }
  }
}

void ProcessScan::read_task_states(Process& process) {
  process.tasks = {};
  if (process.stat.threads <= 1) {
    count_state(process.tasks, process.stat.state);
  } else if (const auto states = files_.threads_states(process.stat.pid)) {
    for (const char state : *states) {
      count_state(process.tasks, state);
    }
  }
}

void ProcessScan::read_pss(Process& process) {
  if (!options_.pss || pss_left_ == 0 || (process.pss && time_.steady - process.pss_read < kPssInterval)) {
    return;
  }
  process.pss.reset();
  if (process.resident_bytes <= kPssCeilingBytes) {
    --pss_left_;
    const auto pss = files_.pss_bytes(process.stat.pid);
    process.pss = pss ? *pss : Count();
    process.pss_read = time_.steady;
  }
}

}  // namespace tallyman
