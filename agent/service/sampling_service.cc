#include "agent/service/sampling_service.h"

#include "collectors/sampling/processes/workload_process_stats.h"

#include <utility>

namespace tallyman {
namespace {

using std::chrono::steady_clock;

// A start and a reload wait no longer for processes.
constexpr std::chrono::milliseconds kMaxFirstScan{1'000};

double seconds_between(steady_clock::time_point from, steady_clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

SamplingService::SamplingService(SamplingParts parts, SamplingServiceEvents events)
    : parts_(std::move(parts)), events_(std::move(events)) {}

SamplingService::~SamplingService() { stop(); }

SnapshotPtr SamplingService::sample_once() {
  parts_.discovery->refresh();
  if (parts_.processes) {
    parts_.processes->scan_once();
  }
  pass(0);
  return snapshot();
}

void SamplingService::start() {
  if (parts_.final_stats) {
    parts_.final_stats->start();
  }
  parts_.discovery->refresh();
  parts_.discovery->start();
  if (parts_.processes) {
    parts_.processes->scan_once(kMaxFirstScan);  // so that the first sample includes processes
    parts_.processes->start();
  }
  thread_.start([this] { run(); });
}

void SamplingService::stop() {
  thread_.stop();
  if (parts_.processes) {
    parts_.processes->stop();
  }
  parts_.discovery->stop();
  if (parts_.final_stats) {
    parts_.final_stats->stop();
  }
}

void SamplingService::run() {
  auto due = steady_clock::now();
  do {
    const auto begin = steady_clock::now();
    pass(seconds_between(due, begin));
    due += parts_.interval;
    const auto now = steady_clock::now();
    if (due < now) {
      const auto missed = (now - due) / parts_.interval + 1;
      due += parts_.interval * missed;
      const MutexLock lock(mutex_);
      statistics_.passes_skipped += static_cast<std::uint64_t>(missed);
    }
  } while (thread_.wait_until(due));
}

void SamplingService::pass(double lag_seconds) {
  const SampleTime time = SampleTime::now();
  // Taken before the list, so that ended workloads are not in it.
  std::vector<WorkloadExit> exits = parts_.discovery->take_exits();
  SnapshotPtr made = parts_.sampler->sample(workloads(), time, std::move(exits));
  const double took = seconds_between(time.steady, steady_clock::now());
  SamplerStatistics sampled = parts_.sampler->statistics();
  if (events_.fault) {
    for (const CollectorStatistics& one : sampled.collectors) {
      if (!one.last_fault.empty()) {
        events_.fault(one.collector, one.last_fault);
      }
    }
  }
  {
    const MutexLock lock(mutex_);
    snapshot_before_ = std::exchange(snapshot_, made);
    statistics_.sampler = std::move(sampled);
    statistics_.last_pass_seconds = took;
    statistics_.last_lag_seconds = lag_seconds;
    host_ = parts_.sampler->host();
  }
  if (events_.published) {
    events_.published(made);
  }
}

SnapshotPtr SamplingService::snapshot() const {
  const MutexLock lock(mutex_);
  return snapshot_;
}

SnapshotPtr SamplingService::snapshot_before() const {
  const MutexLock lock(mutex_);
  return snapshot_before_;
}

SamplingServiceStatistics SamplingService::statistics() const {
  SamplingServiceStatistics result;
  {
    const MutexLock lock(mutex_);
    result = statistics_;
  }
  result.discovery = parts_.discovery->status();
  if (parts_.processes) {
    result.process_watch = parts_.processes->statistics();
    if (const ProcessReportPtr report = parts_.processes->report()) {
      result.processes = report->statistics;
    }
  }
  if (parts_.filesystem) {
    result.filesystem = parts_.filesystem->statistics();
  }
  if (parts_.final_stats) {
    result.final_stats = parts_.final_stats->statistics();
  }
  return result;
}

WorkloadListPtr SamplingService::workloads() const {
  const WorkloadListPtr cgroups = parts_.discovery->current();
  const ProcessReportPtr report = parts_.processes ? parts_.processes->report() : nullptr;
  const MutexLock lock(merging_);
  if (!merged_.all || merged_.cgroups != cgroups || merged_.report != report) {
    merged_ = {cgroups, report, with_groups(cgroups, report)};
  }
  return merged_.all;
}

std::optional<ProcessFacts> SamplingService::processes_of(const Workload& workload) const {
  const ProcessReportPtr report = parts_.processes ? parts_.processes->report() : nullptr;
  if (!report) {
    return {};
  }
  const auto found = report->facts.find(workload.id);
  return found == report->facts.end() || found->second.some_hidden ? std::nullopt : std::optional(found->second);
}

HostStats SamplingService::host() const {
  const MutexLock lock(mutex_);
  return host_;
}

}  // namespace tallyman
