#include "collectors/sampling/processes/process_watch.h"

#include "collectors/kernel/system/pid_namespace.h"
#include "collectors/kernel/system/self_process.h"
#include "collectors/kernel/system/wall_clock.h"

#include <algorithm>

namespace tallyman {
namespace {

using std::chrono::steady_clock;

// The kernel's buffer of exits has room for some thousands.
constexpr std::chrono::milliseconds kTakeExitsEvery{100};

// By process id: only if the ids in /proc are the same as in the agent's own system calls.
std::unique_ptr<Taskstats> taskstats_for(const HostRoot& root) {
  if (pid_view(root) != PidView::kOwn) {
    return nullptr;
  }
  auto opened = Taskstats::open();
  return opened ? std::move(*opened) : nullptr;
}

ProcessScanOptions timed(ProcessScanOptions options) {
  options.now = steady_clock::now;
  return options;
}

}  // namespace

ProcessWatch::ProcessWatch(const HostRoot& root, ProcessGrouping grouping, ProcessWatchOptions options,
                           Workloads workloads)
    : options_(options),
      workloads_(std::move(workloads)),
      scan_(root, std::move(grouping), timed(std::move(options.scan)), taskstats_for(root)) {}

ProcessWatch::~ProcessWatch() { stop(); }

std::chrono::milliseconds ProcessWatch::pause_after(double cpu_seconds, const ProcessWatchOptions& options) {
  const double share = std::max(1U, options.max_percent) / 100.0;
  const auto affordable = std::chrono::milliseconds(static_cast<std::int64_t>(cpu_seconds / share * 1000));
  return std::max(options.interval, affordable);
}

void ProcessWatch::scan_once() {
  const auto begin = thread_cpu_time();
  const auto now = steady_clock::now();
  const bool slow = now - last_slow_ >= options_.slow_interval;
  if (slow) {
    last_slow_ = now;
  }
  ProcessReportPtr made = scan_.run(workloads_(), {wall_clock_nsec(), now}, slow);
  const double cpu = std::chrono::duration<double>(thread_cpu_time() - begin).count();
  const MutexLock lock(mutex_);
  report_.swap(made);  // the previous one is freed without the lock
  ++statistics_.scans;
  statistics_.last_cpu_seconds = cpu;
  statistics_.cpu_seconds += cpu;
  statistics_.interval_seconds = std::chrono::duration<double>(pause_after(cpu, options_)).count();
}

ProcessReportPtr ProcessWatch::report() const {
  const MutexLock lock(mutex_);
  return report_;
}

ProcessWatchStatistics ProcessWatch::statistics() const {
  const MutexLock lock(mutex_);
  return statistics_;
}

void ProcessWatch::start() {
  thread_.start([this] { run(); });
}

void ProcessWatch::stop() { thread_.stop(); }

// Halfway between two passes of the sampler, which starts at the same time and keeps its
// times. Each pass then finds exactly one new report, not none and then two, even if both
// are late at times. The rates would be right in any case, for a report has its own time,
// but they would be those of the time before.
void ProcessWatch::run() {
  const auto interval = std::max(options_.interval, std::chrono::milliseconds(1));
  auto due = steady_clock::now() - interval / 2;
  double average = 0;  // a single slow scan does not delay the fast ones
  do {
    scan_once();
    const double cpu = statistics().last_cpu_seconds;
    average = average == 0 ? cpu : 0.7 * average + 0.3 * cpu;
    const auto pause =
        interval * ((pause_after(average, options_) + interval - std::chrono::milliseconds(1)) / interval);
    due += pause;
    if (const auto now = steady_clock::now(); due <= now) {
      due += interval * ((now - due) / interval + 1);
    }
    const MutexLock lock(mutex_);
    statistics_.interval_seconds = std::chrono::duration<double>(pause).count();
  } while (wait_until(due));
}

bool ProcessWatch::wait_until(steady_clock::time_point due) {
  for (;;) {
    scan_.take_exits();
    const auto now = steady_clock::now();
    if (due <= now) {
      return true;
    }
    if (!thread_.wait_until(std::min<steady_clock::time_point>(due, now + kTakeExitsEvery))) {
      return false;
    }
  }
}

}  // namespace tallyman
