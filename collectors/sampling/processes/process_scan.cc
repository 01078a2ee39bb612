#include "collectors/sampling/processes/process_scan.h"

#include "collectors/kernel/formats/proc_text.h"
#include "collectors/sampling/processes/process_scan_state.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>

namespace tallyman {
namespace {

constexpr std::size_t kMaxProcesses = 200'000;
constexpr std::size_t kMaxNamesKept = 10'000;
constexpr unsigned kSettlingReads = 3;  // its parent may still be moving it to its cgroup
constexpr unsigned kPssPerScan = 20;

}  // namespace

ProcessScan::ProcessScan(const HostRoot& root, ProcessGrouping grouping, ProcessScanOptions options,
                         std::unique_ptr<Taskstats> taskstats)
    : root_(root),
      files_(root),
      grouping_(std::move(grouping)),
      options_(options),
      taskstats_(std::move(taskstats)),
      accounts_(options.max_groups),
      page_bytes_(static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE))) {}

ProcessScan::~ProcessScan() = default;

void ProcessScan::take_exits() {
  if (taskstats_) {
    taskstats_->take_exits(exits_);
  }
}

ProcessReportPtr ProcessScan::run(const WorkloadListPtr& workloads, ScanTime time, bool slow) {
  ++scan_;
  last_time_ = std::exchange(time_, time);
  slow_ = slow || scan_ == 1;
  pss_left_ = kPssPerScan;
  statistics_.report = {};
  statistics_.left_out = 0;
  statistics_.exact = taskstats_ != nullptr;
  const bool list_is_new = workloads != workloads_;
  workloads_ = workloads;
  if (list_is_new && accounts_.follow(*workloads_)) {
    for (auto& [pid, process] : processes_) {
      settle(*process);
    }
  }
  if (slow_) {
    user_names_.clear();
    ReadBuffer buffer;
    if (const auto text = read_file(root_.proc_path("stat"), buffer)) {
      boot_nsec_ = formats::parse_boot_time(*text).value_or(0) * 1'000'000'000;
    }
  }
  read_all();
  read_times_and_book();
  take_exits();  // the kernel has written the exits of all that vanished above
  book_exits();
  book_vanished();
  sum_up();
  follow_first_processes();
  if (slow_) {
    read_namespaces();
  }
  accounts_.retire_idle_groups(time_.steady);
  statistics_.processes = processes_.size();
  statistics_.groups = accounts_.groups().size();
  statistics_.names_in_other = accounts_.names_in_other();
  statistics_.exits_lost = taskstats_ ? taskstats_->overflows() : 0;
  return make_report(accounts_, host_namespaces_, options_.tasks, statistics_);
}

void ProcessScan::read_all() {
  fresh_.clear();
  const auto pids = files_.pids();
  if (!pids) {
    note(pids.error());
    return;
  }
  for (const Pid pid : *pids) {
    scan_process(pid);
  }
}

bool ProcessScan::is_due(const Process& process) const {
  return process.is_bare() || slow_ || process.reads < kSettlingReads || options_.sched || options_.tasks ||
         options_.programs;
}

void ProcessScan::scan_process(Pid pid) {
  auto known = processes_.find(pid);
  if (known != processes_.end() && !is_due(*known->second)) {
    known->second->seen = scan_;
    return;
  }
  auto stat = files_.stat(pid);
  if (!stat) {
    note(stat.error());
    if (known != processes_.end() && stat.error().kind != ErrorKind::kGone) {
      known->second->seen = scan_;
    }
    return;
  }
  if (known != processes_.end() && known->second->stat.start_ticks != stat->start_ticks) {
    replaced_[pid] = std::move(known->second);
    processes_.erase(known);
    known = processes_.end();
  }
  if (known == processes_.end()) {
    if (processes_.size() >= kMaxProcesses) {
      ++statistics_.left_out;
      return;
    }
    known = processes_.emplace(pid, std::make_unique<Process>()).first;
  }
  Process& process = *known->second;
  const bool runs_another = process.reads == 0 || process.stat.comm != stat->comm;
  process.stat = std::move(*stat);
  process.seen = scan_;
  if (runs_another) {
    name(process);
  }
  if (runs_another || slow_ || process.reads < kSettlingReads) {
    place(process);
  }
  if (runs_another || ((slow_ || process.reads < kSettlingReads) && !process.runtime)) {
    recognise_runtime(process);
  }
  const Tallies now = process.stat.is_dead() ? times_in(process.stat) : read_details(process);
  ++process.reads;
  fresh_.emplace_back(&process, now);
}

void ProcessScan::name(Process& process) {
  process.executable.clear();
  if (!process.stat.is_kernel_thread()) {
    auto program = files_.program(process.stat.pid);
    if (program) {
      process.executable = std::move(program->name);
      if (program->inode != 0 && !process.executable.empty()) {
        if (program_names_.size() >= kMaxNamesKept) {
          program_names_.clear();
        }
        program_names_[program_key(program->device, program->inode)] = process.executable;
      }
    } else if (slow_) {
      note(program.error());
    }
  }
  if (process.executable.empty()) {
    process.executable = process.stat.comm;
  }
  process.placed = false;
}

std::string ProcessScan::user_of(Pid pid) {
  const auto status = files_.status(pid);
  if (!status || !status->uid) {
    return {};
  }
  auto [known, is_new] = user_names_.try_emplace(*status->uid);
  if (is_new) {
    known->second = files_.user_name(*status->uid);
    if (known->second.empty()) {
      known->second = std::to_string(*status->uid);
    }
  }
  return known->second;
}

// Reads the cgroups of the process, and finds its home and group.
void ProcessScan::place(Process& process) {
  if (process.stat.is_kernel_thread()) {
    process.cgroups = {{0, "/"}};
  } else if (auto cgroups = files_.cgroups(process.stat.pid)) {
    std::sort(cgroups->begin(), cgroups->end(),
              [](const CgroupMembership& a, const CgroupMembership& b) { return a.path < b.path; });
    const auto same = [](const CgroupMembership& a, const CgroupMembership& b) { return a.path == b.path; };
    cgroups->erase(std::unique(cgroups->begin(), cgroups->end(), same), cgroups->end());
    process.cgroups = std::move(*cgroups);
  } else {
    note(cgroups.error());
    if (process.cgroups.empty()) {
      process.cgroups = {{0, "/"}};
    }
  }
  settle(process);
}

// The same without reading, after the workloads have changed.
void ProcessScan::settle(Process& process) {
  const ProcessAccounts::Home home = accounts_.home_of(process.cgroups);
  const bool moved = !process.placed || process.cgroup != home.path;
  process.home = home.account;
  process.cgroup = home.path;
  process.placed = true;
  process.served = process.runtime ? accounts_.served_by(*process.runtime) : nullptr;
  if (process.home == nullptr || process.home->holds_processes || !options_.groups) {
    process.group = nullptr;
    process.group_name.clear();
    return;
  }
  if (process.stat.is_kernel_thread()) {
    process.group_name = "[kernel]";
  } else if (moved || process.group_name.empty()) {
    std::string command;
    if (grouping_.needs_command()) {
      if (auto line = files_.command_line(process.stat.pid)) {
        command = std::move(*line);
      }
    }
    const std::string user = grouping_.needs_user() ? user_of(process.stat.pid) : "";
    process.group_name = grouping_.group_of({process.executable, command, user, process.cgroup});
  }
  process.group = accounts_.group(process.group_name, time_.steady, time_.wall_nsec);
}

void ProcessScan::read_times_and_book() {
  if (taskstats_) {
    std::vector<std::uint32_t> pids;
    pids.reserve(fresh_.size());
    for (const auto& [process, now] : fresh_) {
      pids.push_back(process->stat.pid);
    }
    const auto times = taskstats_->times(pids);
    for (std::size_t i = 0; i < fresh_.size(); ++i) {
      // It has ended since: its exit record has the final times.
      const TaskTimes reported = times[i] && !fresh_[i].first->stat.is_dead() ? *times[i] : TaskTimes();
      Tallies& now = fresh_[i].second;
      now.set(Tally::kCpu, reported.run_nsec);
      now.set(Tally::kRun, reported.run_nsec);
      now.set(Tally::kRunqueue, reported.runqueue_nsec);
      now.set(Tally::kTimeslices, reported.timeslices);
      now.set(Tally::kVoluntary, reported.voluntary_switches);
      now.set(Tally::kInvoluntary, reported.involuntary_switches);
    }
  }
  for (const auto& [process, now] : fresh_) {
    book_growth(*process, process->totals.rise_to(now));
    book_served(*process);
  }
}

void ProcessScan::book_growth(Process& process, const Tallies& growth) {
  book(process.home, process.executable, growth, time_.steady);
  book(process.group, process.executable, growth, time_.steady);
}

void ProcessScan::sum_up() {
  accounts_.for_each([](ProcessAccount& account) {
    account.now = {};
    for (auto& [name, executable] : account.executables) {
      executable.processes = executable.threads = executable.rss_bytes = 0;
    }
    for (auto& [component, sum] : account.runtime) {
      sum.processes = sum.rss_bytes = 0;
    }
  });
  for (const auto& [pid, process] : processes_) {
    for (ProcessAccount* account = process->home; account != nullptr; account = account->parent) {
      add_to(*account, *process, account == process->home);
    }
    if (process->group != nullptr) {
      add_to(*process->group, *process, true);
    }
    add_to_served(*process);
  }
  const double seconds = std::chrono::duration<double>(time_.steady - last_time_.steady).count();
  const double kept = scan_ == 1 ? 0 : std::exp(-seconds / 10);
  accounts_.for_each([kept](ProcessAccount& account) {
    account.load = account.load * kept + static_cast<double>(account.now.tasks.running) * (1 - kept);
    account.uninterruptible_load =
        account.uninterruptible_load * kept + static_cast<double>(account.now.tasks.uninterruptible) * (1 - kept);
  });
}

void ProcessScan::add_to(ProcessAccount& account, const Process& process, bool own) {
  ProcessAccount::Now& now = account.now;
  ++now.processes;
  if (process.stat.is_dead()) {
    return;  // a zombie has nothing more to read
  }
  now.threads += process.stat.threads;
  now.resident_bytes += process.resident_bytes;
  now.anon.add(process.anon);
  now.swap.add(process.swap);
  now.open_files.add(process.open_files);
  now.sockets.add(process.sockets);
  now.pss.add(process.pss);
  for (std::size_t i = 0; i < std::size(now.tallies_known); ++i) {
    now.tallies_known[i].add(process.totals.knows(static_cast<Tally>(i)) ? Count(0) : Count());
  }
  now.tasks.sleeping += process.tasks.sleeping;
  now.tasks.running += process.tasks.running;
  now.tasks.stopped += process.tasks.stopped;
  now.tasks.uninterruptible += process.tasks.uninterruptible;
  const auto is_older = [&](std::uint32_t pid, std::uint64_t ticks) {
    return pid == 0 || process.stat.start_ticks < ticks ||
           (process.stat.start_ticks == ticks && process.stat.pid < pid);
  };
  if (is_older(now.first_pid, now.first_start_ticks)) {
    now.first_pid = process.stat.pid;
    now.first_start_ticks = process.stat.start_ticks;
  }
  if (own && is_older(now.own_pid, now.own_start_ticks)) {
    now.own_pid = process.stat.pid;
    now.own_start_ticks = process.stat.start_ticks;
  }
  ProcessAccount::Executable& executable = account.executable(process.executable, time_.steady);
  ++executable.processes;
  executable.threads += process.stat.threads;
  executable.rss_bytes += process.resident_bytes;
}

// Facts from the first process: its limits, and the start of a group.
void ProcessScan::follow_first_processes() {
  accounts_.for_each([this](ProcessAccount& account) {
    const bool kernel = account.now.first_pid == kKernelThreads;
    if (account.now.first_pid == 0 || kernel) {
      account.open_files_limit.reset();
    } else if (slow_ || account.limit_pid != account.now.first_pid) {
      account.limit_pid = account.now.first_pid;
      const auto limit = files_.open_files_limit(account.limit_pid);
      account.open_files_limit = limit ? *limit : Count();
    }
    if (account.workload->kind == WorkloadKind::kProcess && account.now.first_pid != 0 && boot_nsec_ != 0) {
      const std::uint64_t began = boot_nsec_ + account.now.first_start_ticks * kNsecPerTick;
      const std::uint64_t known = account.workload->cgroup_created_nsec.value_or(0);
      constexpr std::uint64_t kClockSteps = 2'000'000'000;  // the boot time moves with the clock's corrections
      if (began > known + kClockSteps || known > began + kClockSteps) {
        auto workload = std::make_shared<Workload>(*account.workload);
        workload->cgroup_created_nsec = began;
        account.workload = std::move(workload);
      }
    }
  });
}

void ProcessScan::read_namespaces() {
  host_namespaces_ = {};
  // Init may not be readable; the kernel's own threads are in the first namespaces too.
  const auto kernel = processes_.find(kKernelThreads);
  const bool has_kernel = kernel != processes_.end() && kernel->second->stat.is_kernel_thread();
  for (const Pid pid : {Pid(1), kKernelThreads}) {
    if (pid == 1 || has_kernel) {
      if (const auto ids = files_.namespaces(pid)) {
        host_namespaces_ = *ids;
        break;
      }
    }
  }
  accounts_.for_each([this](ProcessAccount& account) {
    account.namespaces = {};
    const Pid pid = account.holds_processes ? account.now.first_pid : account.now.own_pid;
    if (pid == 0) {
      return;
    }
    if (const auto ids = files_.namespaces(pid)) {
      account.namespaces = *ids;
    } else {
      note(ids.error());
    }
  });
}

void ProcessScan::note(const Error& error) {
  if (error.kind != ErrorKind::kGone && error.kind != ErrorKind::kUnsupported) {
    statistics_.report.note(error.kind, to_string(error));
  }
}

}  // namespace tallyman
