#include "collectors/sampling/processes/process_scan.h"

#include "collectors/kernel/system/pid_namespace.h"

#include <utility>

namespace tallyman {

ProcessScan::ProcessScan(const HostRoot& root, ProcessGrouping grouping, const ProcessScanOptions& options,
                         std::unique_ptr<Taskstats> taskstats)
    : root_(root),
      options_(options),
      taskstats_(std::move(taskstats)),
      init_exits_(taskstats_ ? std::make_shared<InitExits>() : nullptr),
      files_(root),
      accounts_(options.max_groups),
      table_(files_, pid_view(root) != PidView::kNone),
      places_(files_, accounts_, std::move(grouping), options.groups),
      details_(files_,
               {.open_files = options.open_files,
                .sched = options.sched,
                .tasks = options.tasks,
                .container_tasks = options.container_tasks,
                .container_io = options.container_io,
                .pss = options.pss},
               taskstats_.get()),
      runtime_(files_, accounts_),
      exits_(table_, places_, taskstats_.get(), init_exits_.get()),
      children_(table_),
      sums_(accounts_),
      first_(root_, files_, table_, accounts_) {}

ProcessReportPtr ProcessScan::run(const WorkloadListPtr& workloads, ScanTime time, bool slow) {
  ++scans_;
  CurrentScan scan{scans_, time, slow || scans_ == 1, {}};
  follow(workloads, time);
  if (scan.slow) {
    places_.forget_users();
  }
  read_all(scan);
  book(scan);
  table_.remove_vanished(scan);
  sum_up(scan);
  first_.read(scan);
  accounts_.retire_idle_groups(time.steady);
  return report_of(scan);
}

std::chrono::steady_clock::time_point ProcessScan::now(const CurrentScan& scan) const {
  return options_.now ? options_.now() : scan.time.steady;
}

void ProcessScan::read_all(CurrentScan& scan) {
  details_.begin_scan();
  readings_.clear();
  started_.clear();
  const bool all = options_.sched || options_.tasks || options_.programs;
  auto begin = now(scan);
  table_.walk(scan, all, [&](ScannedProcess& process, bool runs_another) { read(process, runs_another, scan); });
  learn_programs();
  if (taskstats_) {
    begin = now(scan);  // these are the CPU times
    details_.add_exact_times(readings_);
  }
  read_at_ = begin + (now(scan) - begin) / 2;
  if (all || scan.slow) {
    all_read_at_ = read_at_;
  }
}

void ProcessScan::follow(const WorkloadListPtr& workloads, ScanTime time) {
  if (workloads == workloads_) {
    return;
  }
  workloads_ = workloads;
  if (accounts_.follow(*workloads_)) {
    table_.for_each([&](ScannedProcess& process) {
      places_.settle(process.place, process.stat, time);
      process.runtime.follow(process.place.home);
      runtime_.find_served(process.runtime);
    });
  }
}

void ProcessScan::read(ScannedProcess& process, bool runs_another, CurrentScan& scan) {
  const bool may_have_moved = runs_another || scan.slow || process.is_settling();
  if (runs_another) {
    places_.read_program(process.place, process.stat, scan);
    started_.push_back(&process);
  }
  if (may_have_moved) {
    places_.read_cgroups(process.place, process.stat, scan);
  }
  process.runtime.follow(process.place.home);
  if (runs_another || (may_have_moved && !process.runtime.is_of_runtime())) {
    runtime_.recognise(process.runtime, process.stat.pid, process.place.executable, process.place.cgroups);
  }
  const ProcessDetails::How how{.bare = process.place.is_bare(),
                                .first = process.reads == 0,
                                .in_container = process.place.home != nullptr && process.place.home->inside_container};
  readings_.push_back({&process, details_.read(process.details, process.stat, how, scan)});
}

void ProcessScan::learn_programs() {
  std::erase_if(started_, [](const ScannedProcess* one) { return one->stat.is_kernel_thread(); });
  if (!taskstats_ || started_.empty()) {
    return;
  }
  std::vector<ProcessFiles::Pid> pids;
  for (const ScannedProcess* one : started_) {
    pids.push_back(one->stat.pid);
  }
  const std::vector<ExecutableFile> files = taskstats_->executables(pids);
  for (std::size_t i = 0; i < started_.size(); ++i) {
    places_.learn_program(started_[i]->place, files[i]);
  }
}

void ProcessScan::book(const CurrentScan& scan) {
  table_.for_each([&](const ScannedProcess& child) {
    ScannedProcess* const parent = table_.find(child.stat.ppid);
    if (parent != nullptr && parent->runtime.is_of_runtime()) {
      RuntimeFacts::confirm(parent->runtime, child.place.home);
    }
  });
  for (const auto& [process, now] : readings_) {
    process->place.book(process->totals.rise_to(now), scan.time);
    RuntimeFacts::book(process->runtime, process->totals[Tally::kCpu]);
  }
  const auto since = std::chrono::duration_cast<std::chrono::nanoseconds>(now(scan) - scan.time.steady).count();
  take_exits(scan.time.wall_nsec + static_cast<std::uint64_t>(since));  // of all that vanished from /proc
  exits_.book(scan.time);
  if (!taskstats_) {
    children_.book(readings_, scan);
  }
}

void ProcessScan::sum_up(const CurrentScan& scan) {
  sums_.begin();
  table_.for_each([&](const ScannedProcess& process) { sums_.add(process, scan.time); });
  sums_.end(scan);
}

ProcessReportPtr ProcessScan::report_of(const CurrentScan& scan) {
  ProcessScanStatistics statistics;
  statistics.processes = table_.size();
  statistics.left_out = table_.left_out();
  statistics.groups = accounts_.groups().size();
  statistics.names_in_other = accounts_.names_in_other();
  statistics.exits = exits_.exits();
  statistics.taskstats_overflows = exits_.overflows();
  statistics.exact = taskstats_ != nullptr;
  statistics.report = scan.report;
  return make_report(accounts_,
                     {.host_namespaces = first_.host_namespaces(),
                      .tasks = options_.tasks,
                      .container_tasks = options_.container_tasks,
                      .container_io = options_.container_io,
                      .some_hidden = table_.hides_some(),
                      .read_at = read_at_,
                      .all_read_at = all_read_at_},
                     statistics);
}

}  // namespace tallyman
