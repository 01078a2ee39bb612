#include "collectors/sampling/processes/process_watch.h"

#include "collectors/kernel/system/pid_namespace.h"
#include "collectors/kernel/system/self_process.h"
#include "collectors/kernel/system/wall_clock.h"

#include <algorithm>
#include <atomic>
#include <utility>

namespace tallyman {
namespace {

using std::chrono::steady_clock;

// The kernel's buffer of exits has room for some thousands.
constexpr std::chrono::milliseconds kTakeExitsEvery{100};
// A scan that takes longer continues, and the next one is late. Many processes on a busy machine
// take so long too.
constexpr std::chrono::milliseconds kScanTimeout{1'000};

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

// Used by one scan at a time. The flag hands it over.
struct ProcessWatch::Scanner {
  Scanner(const HostRoot& root, ProcessGrouping grouping, const ProcessWatchOptions& given)
      : options(given), scan(root, std::move(grouping), timed(given.scan), taskstats_for(root)) {}

  void run(const WorkloadListPtr& workloads);

  const ProcessWatchOptions options;
  ProcessScan scan;
  steady_clock::time_point last_slow{};
  std::atomic<bool> busy{false};

  mutable Mutex mutex;
  ProcessReportPtr report GUARDED_BY(mutex);
  ProcessWatchStatistics statistics GUARDED_BY(mutex);
};

void ProcessWatch::Scanner::run(const WorkloadListPtr& workloads) {
  const auto begin = thread_cpu_time();
  const auto now = steady_clock::now();
  const bool slow = now - last_slow >= options.slow_interval;
  if (slow) {
    last_slow = now;
  }
  ProcessReportPtr made = scan.run(workloads, {wall_clock_nsec(), now}, slow);
  const double cpu = std::chrono::duration<double>(thread_cpu_time() - begin).count();
  const MutexLock lock(mutex);
  report.swap(made);  // the previous one is freed without the lock
  ++statistics.scans;
  statistics.last_cpu_seconds = cpu;
  statistics.cpu_seconds += cpu;
  statistics.interval_seconds = std::chrono::duration<double>(pause_after(cpu, options)).count();
}

ProcessWatch::ProcessWatch(const HostRoot& root, ProcessGrouping grouping, ProcessWatchOptions options,
                           Workloads workloads)
    : options_(std::move(options)),
      workloads_(std::move(workloads)),
      scanner_(std::make_shared<Scanner>(root, std::move(grouping), options_)),
      caller_("proc-scan", kScanTimeout, 1) {}

ProcessWatch::~ProcessWatch() { stop(); }

std::chrono::milliseconds ProcessWatch::pause_after(double cpu_seconds, const ProcessWatchOptions& options) {
  const double share = std::max(1U, options.max_percent) / 100.0;
  const auto affordable = std::chrono::milliseconds(static_cast<std::int64_t>(cpu_seconds / share * 1000));
  return std::max(options.interval, affordable);
}

void ProcessWatch::scan_once(std::chrono::milliseconds at_most) { scan(at_most); }

// False if the scan has not returned yet.
bool ProcessWatch::scan(std::chrono::milliseconds at_most) {
  if (scanner_->busy.exchange(true)) {
    const MutexLock lock(scanner_->mutex);
    ++scanner_->statistics.late;
    return false;
  }
  began_ = steady_clock::now();
  warned_ = false;
  // Also released if no thread could be started.
  const auto release = [](Scanner* scanner) { scanner->busy = false; };
  auto held = std::shared_ptr<Scanner>(scanner_.get(), [keep = scanner_, release](Scanner* one) { release(one); });
  return caller_.call([held = std::move(held), workloads = workloads_()] { held->run(workloads); }, at_most);
}

ProcessReportPtr ProcessWatch::report() const {
  const MutexLock lock(scanner_->mutex);
  return scanner_->report;
}

ProcessWatchStatistics ProcessWatch::statistics() const {
  const MutexLock lock(scanner_->mutex);
  return scanner_->statistics;
}

std::shared_ptr<const InitExits> ProcessWatch::init_exits() const { return scanner_->scan.init_exits(); }

void ProcessWatch::start() {
  thread_.start([this] { run(); });
}

void ProcessWatch::stop() {
  if (!thread_.started()) {
    return;
  }
  thread_.request_stop();
  caller_.hurry();
  thread_.stop();
}

void ProcessWatch::warn_if_it_hangs() {
  const auto waited = steady_clock::now() - began_;
  if (warned_ || !options_.on_warning || waited < options_.hangs_after) {
    return;
  }
  warned_ = true;
  options_.on_warning(
      "processes: a scan of /proc waits for the kernel: one process there does not answer, perhaps because its file "
      "system does not. Until it does, the values of processes stay as they were before");
}

// Halfway between two passes of the sampler, which starts at the same time and keeps its
// times. Each pass then finds exactly one new report, not none and then two, even if both
// are late at times. The rates would be right in any case, for a report has its own time,
// but they would be those of the time before.
void ProcessWatch::run() {
  const auto interval = std::max(options_.interval, std::chrono::milliseconds(1));
  auto due = steady_clock::now() - interval / 2;
  double average = 0;  // a single slow scan does not delay the fast ones
  do {
    if (!scan(kScanTimeout)) {
      warn_if_it_hangs();
    }
    const double cpu = statistics().last_cpu_seconds;
    average = average == 0 ? cpu : 0.7 * average + 0.3 * cpu;
    const auto pause =
        interval * ((pause_after(average, options_) + interval - std::chrono::milliseconds(1)) / interval);
    due += pause;
    if (const auto now = steady_clock::now(); due <= now) {
      due += interval * ((now - due) / interval + 1);
    }
    const MutexLock lock(scanner_->mutex);
    scanner_->statistics.interval_seconds = std::chrono::duration<double>(pause).count();
  } while (wait_until(due));
}

bool ProcessWatch::wait_until(steady_clock::time_point due) {
  for (;;) {
    if (!scanner_->busy) {
      scanner_->scan.take_exits(wall_clock_nsec());
    }
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
