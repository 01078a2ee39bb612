#include "agent/service/sampling_service.h"

#include "collectors/discovery/runtimes/all_runtimes.h"
#include "collectors/kernel/cgroup/file_stats_source.h"
#include "collectors/model/collector_table.h"
#include "collectors/model/process_facts.h"
#include "collectors/sampling/processes/workload_process_stats.h"
#include "collectors/sampling/sources/workload_filesystem_stats.h"

#include <re2/re2.h>
#include <sys/resource.h>

#include <algorithm>
#include <map>

namespace tallyman {
namespace {

using std::chrono::steady_clock;

// Descriptors that are left after connections and the agent's own are used to keep
// files open. Each workload has up to 14 files of cgroupfs and one of its network.
// docs/performance.md has the formula.
constexpr std::size_t kOwnDescriptors = 128;
constexpr std::size_t kCgroupFilesPerNetworkFile = 14;
constexpr rlim_t kMaxDescriptors = 1'048'576;

struct FileShare {
  std::size_t cgroup, network;
};

FileShare descriptors_to_keep(unsigned max_connections) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::min(limit.rlim_max, kMaxDescriptors);
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  const std::size_t allowed = std::min(limit.rlim_cur, kMaxDescriptors);
  const std::size_t reserved = kOwnDescriptors + max_connections;
  const std::size_t rest = allowed > reserved ? allowed - reserved : 0;
  const std::size_t network = rest / (kCgroupFilesPerNetworkFile + 1);
  return {rest - network, network};
}

// Interface names recur in every pass, so each is matched only once.
NetworkSource::Ignore remembered(std::shared_ptr<const RE2> expression) {
  constexpr std::size_t kMaxNames = 65'536;
  return [expression, answers = std::make_shared<std::map<std::string, bool>>()](const std::string& name) {
    if (const auto known = answers->find(name); known != answers->end()) {
      return known->second;
    }
    if (answers->size() >= kMaxNames) {
      answers->clear();
    }
    return (*answers)[name] = RE2::PartialMatch(name, *expression);
  };
}

DiscoveryOptions discovery_options(const Options& options, const CgroupMounts& mounts) {
  DiscoveryOptions result;
  for (const int index : mounts.discovery_order()) {
    result.tree.hierarchies.push_back(mounts.hierarchies()[static_cast<std::size_t>(index)].path);
  }
  result.tree.max_cgroups = options.workloads.max;
  return result;
}

ProcessWatchOptions process_options(const Options& options, const std::vector<const Collector*>& collectors) {
  const auto is_on = [&](std::string_view name) {
    return std::any_of(collectors.begin(), collectors.end(), [&](const Collector* one) { return one->name == name; });
  };
  ProcessWatchOptions result;
  result.interval = options.sampling.interval;
  result.slow_interval = options.sampling.slow_interval;
  result.scan.groups = options.processes.bare;
  result.scan.pss = options.processes.pss;
  result.scan.max_groups = options.processes.max_groups;
  result.scan.open_files = is_on("process");
  result.scan.sched = is_on("sched");
  result.scan.tasks = is_on("cpuload");
  result.scan.programs = is_on("executables");
  return result;
}

FilesystemOptions filesystem_options(const Options& options) {
  FilesystemOptions result;
  result.walk = options.filesystem.walk;
  result.budget.interval = options.filesystem.walk_interval;
  result.budget.entries_per_second = options.filesystem.entries_per_second;
  result.disks_interval = options.sampling.slow_interval;
  return result;
}

SampleTime current_time() { return {std::chrono::system_clock::now(), steady_clock::now()}; }

double seconds_between(steady_clock::time_point from, steady_clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

std::vector<const Collector*> chosen_collectors(const Options::Collectors& options) {
  std::vector<const Collector*> chosen;
  for (const Collector* collector : all_collectors()) {
    const auto named = options.switches.find(std::string(collector->name));
    if (named == options.switches.end() ? collector->on_by_default : named->second) {
      chosen.push_back(collector);
    }
  }
  return chosen;
}

Result<std::unique_ptr<SamplingService>> SamplingService::make(const Options& options, SamplingServiceEvents events) {
  auto labels = LabelPolicy::make({options.labels.container, options.labels.workload, options.labels.max_bytes});
  if (!labels) {
    return labels.error();
  }
  auto ignored = std::make_shared<const RE2>(options.collectors.ignored_interfaces, RE2::Quiet);
  if (!ignored->ok()) {
    return Error{ErrorKind::kMalformed, 0, "collector.network.ignored-interfaces: " + ignored->error()};
  }
  Result<CgroupMounts> mounts = CgroupMounts::detect(options.root);
  if (!mounts) {
    return mounts.error();
  }
  Result<ProcessGrouping> grouping = ProcessGrouping::make(options.processes.groups);
  if (!grouping) {
    return grouping.error();
  }
  std::unique_ptr<SamplingService> sampling_service(
      new SamplingService(options, std::move(events), std::move(*mounts)));
  const FileShare share = descriptors_to_keep(options.web.max_connections);
  SamplerOptions sampling;
  sampling.collectors = sampling_service->collectors_;
  sampling.cpu_per_cpu = options.collectors.cpu_per_cpu;
  sampling.slow_interval = options.sampling.slow_interval;
  sampling.network_files_kept_open = share.network;
  sampling.ended_grace = options.workloads.ended_grace;
  sampling.events = sampling_service->events_.log;
  sampling.now = current_time;
  // An empty expression would match every name, but the user wants to ignore nothing.
  sampling.ignore_interface = options.collectors.ignored_interfaces.empty() ? [](const std::string&) { return false; }
                                                                            : remembered(std::move(ignored));
  std::unique_ptr<StatsSource> stats = make_file_stats_source(options.root, sampling_service->mounts_, share.cgroup);
  std::vector<std::unique_ptr<WorkloadStatsSource>> workload_sources;
  if (options.processes.bare || sampling_service->has_collector(StatsKind::kProcesses)) {
    sampling_service->processes_ = std::make_unique<ProcessWatch>(
        options.root, std::move(*grouping), process_options(options, sampling_service->collectors_),
        [discovery = &sampling_service->discovery_] { return (*discovery)->current(); });
    const LastProcessReport report = [processes = sampling_service->processes_.get()] { return processes->report(); };
    stats = make_grouped_stats_source(std::move(stats), report);
    workload_sources.push_back(make_workload_process_stats(report));
  }
  if (sampling_service->has_collector(StatsKind::kFilesystem)) {
    sampling_service->filesystem_ = std::make_shared<FilesystemSource>(options.root, filesystem_options(options),
                                                                       filesystem_ports_of(options.root));
    workload_sources.push_back(make_workload_filesystem_stats(sampling_service->filesystem_, *stats));
  }
  sampling_service->sampler_ = std::make_unique<Sampler>(std::move(sampling), options.root, std::move(stats),
                                                         std::move(*labels), std::move(workload_sources));
  DiscoveryOptions discovery = discovery_options(options, sampling_service->mounts_);
  discovery.on_error = sampling_service->events_.metadata_fault;
  discovery.on_warning = sampling_service->events_.warning;
  sampling_service->final_stats_ = FinalStatsWatcher::make(options.root, sampling_service->mounts_);
  discovery.final_stats = sampling_service->final_stats_.get();
  sampling_service->discovery_ = std::make_unique<Discovery>(
      std::move(discovery),
      all_runtimes({options.root, options.runtimes.docker_root, options.runtimes.containerd_state}));
  return sampling_service;
}

SamplingService::SamplingService(const Options& options, SamplingServiceEvents events, CgroupMounts mounts)
    : interval_(options.sampling.interval),
      events_(std::move(events)),
      mounts_(std::move(mounts)),
      collectors_(chosen_collectors(options.collectors)) {}

SamplingService::~SamplingService() { stop(); }

SnapshotPtr SamplingService::sample_once() {
  discovery_->refresh();
  if (processes_) {
    processes_->scan_once();
  }
  pass(0);
  return snapshot();
}

bool SamplingService::has_collector(StatsKind needed) const {
  return std::any_of(collectors_.begin(), collectors_.end(),
                     [&](const Collector* collector) { return collector->needs.has(needed); });
}

void SamplingService::start() {
  if (final_stats_) {
    final_stats_->start();
  }
  discovery_->refresh();
  discovery_->start();
  if (processes_) {
    processes_->scan_once();  // so that the first sample includes processes
    processes_->start();
  }
  thread_.start([this] { run(); });
}

void SamplingService::stop() {
  thread_.stop();
  if (processes_) {
    processes_->stop();
  }
  discovery_->stop();
  if (final_stats_) {
    final_stats_->stop();
  }
}

void SamplingService::run() {
  auto due = steady_clock::now();
  do {
    const auto begin = steady_clock::now();
    pass(seconds_between(due, begin));
    due += interval_;
    const auto now = steady_clock::now();
    if (due < now) {
      const auto missed = (now - due) / interval_ + 1;
      due += interval_ * missed;
      const MutexLock lock(mutex_);
      statistics_.passes_skipped += static_cast<std::uint64_t>(missed);
    }
  } while (thread_.wait_until(due));
}

void SamplingService::pass(double lag_seconds) {
  const SampleTime time = current_time();
  // Taken before the list, so that ended workloads are not in it.
  std::vector<WorkloadExit> exits = discovery_->take_exits();
  SnapshotPtr made = sampler_->sample(workloads(), time, std::move(exits));
  const double took = seconds_between(time.steady, steady_clock::now());
  SamplerStatistics sampled = sampler_->statistics();
  if (events_.fault) {
    for (const CollectorStatistics& one : sampled.collectors) {
      if (!one.last_fault.empty()) {
        events_.fault(one.collector, one.last_fault);
      }
    }
  }
  {
    const MutexLock lock(mutex_);
    snapshot_ = made;
    statistics_.sampler = std::move(sampled);
    statistics_.last_pass_seconds = took;
    statistics_.last_lag_seconds = lag_seconds;
    host_ = sampler_->host();
  }
  if (events_.published) {
    events_.published(made);
  }
}

SnapshotPtr SamplingService::snapshot() const {
  const MutexLock lock(mutex_);
  return snapshot_;
}

SamplingServiceStatistics SamplingService::statistics() const {
  SamplingServiceStatistics result;
  {
    const MutexLock lock(mutex_);
    result = statistics_;
  }
  result.discovery = discovery_->status();
  if (processes_) {
    result.process_watch = processes_->statistics();
    if (const ProcessReportPtr report = processes_->report()) {
      result.processes = report->statistics;
    }
  }
  if (filesystem_) {
    result.filesystem = filesystem_->statistics();
  }
  if (final_stats_) {
    result.final_stats = final_stats_->statistics();
  }
  return result;
}

WorkloadListPtr SamplingService::workloads() const {
  const WorkloadListPtr cgroups = discovery_->current();
  const ProcessReportPtr report = processes_ ? processes_->report() : nullptr;
  const MutexLock lock(merging_);
  if (!merged_.all || merged_.cgroups != cgroups || merged_.report != report) {
    merged_ = {cgroups, report, with_groups(cgroups, report)};
  }
  return merged_.all;
}

std::optional<ProcessFacts> SamplingService::processes_of(const Workload& workload) const {
  const ProcessReportPtr report = processes_ ? processes_->report() : nullptr;
  if (!report) {
    return {};
  }
  const auto found = report->facts.find(workload.id);
  return found == report->facts.end() ? std::nullopt : std::optional(found->second);
}

HostStats SamplingService::host() const {
  const MutexLock lock(mutex_);
  return host_;
}

}  // namespace tallyman
