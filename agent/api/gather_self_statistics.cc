#include "agent/api/gather_self_statistics.h"

#include "agent/version.h"
#include "collectors/kernel/system/self_process.h"

#include <chrono>
#include <string>

namespace tallyman {
namespace {

void add_sampling(SelfStatistics& self, const SamplingServiceStatistics& observed) {
  for (const CollectorStatistics& one : observed.sampler.collectors) {
    self.collectors.push_back({std::string(one.collector),
                               one.last_seconds,
                               one.total_seconds,
                               {{"denied", one.denied}, {"io", one.io}, {"malformed", one.malformed}}});
  }
  self.sampling_duration_seconds = observed.last_pass_seconds;
  self.sampling_lag_seconds = observed.last_lag_seconds;
  self.samples = observed.sampler.passes;
  self.samples_skipped = observed.passes_skipped;
  self.duplicate_series = observed.sampler.duplicates;
  self.series_left_out = observed.sampler.series_left_out;
  self.labels_truncated = observed.sampler.labels_truncated;
  self.label_collisions = observed.sampler.label_collisions;
  self.open_files = observed.sampler.files.open;
  self.open_files_limit = observed.sampler.files.limit;
  self.files_reopened = observed.sampler.files.reopens;
  self.metadata_errors = observed.discovery.metadata_errors;
  self.unnamed_containers = observed.discovery.unnamed_containers;
  self.workloads_left_out = observed.discovery.tree.left_out;
  self.container_cgroups_left_out = observed.discovery.tree.left_out_inside;
  self.containers_quieted = observed.discovery.tree.quieted;
  self.inotify_watches = observed.discovery.tree.watches;
  self.inotify_active = observed.discovery.tree.watching;
  self.inotify_overflows = observed.discovery.tree.overflows;
}

void add_processes(SelfStatistics& self, const SamplingServiceStatistics& observed) {
  if (!observed.processes) {
    return;
  }
  self.processes = observed.processes->processes;
  self.processes_left_out = observed.processes->left_out;
  self.process_groups = observed.processes->groups;
  self.process_groups_left_out = observed.processes->names_in_other;
  self.process_exits = observed.processes->exits;
  self.taskstats_overflows = observed.processes->taskstats_overflows;
  self.process_times_exact = observed.processes->exact;
  self.process_scans = observed.process_watch.scans;
  self.process_scans_late = observed.process_watch.late;
  self.process_scan_cpu_seconds = observed.process_watch.cpu_seconds;
  self.process_scan_interval_seconds = observed.process_watch.interval_seconds;
}

void add_history(SelfStatistics& self, const HistoryStatistics& history) {
  self.history_memory_bytes = history.memory_bytes;
  self.history_points = history.points;
  self.history_workloads = history.workloads;
  self.history_workloads_left_out = history.workloads_left_out;
  self.history_chunks_dropped = history.chunks_dropped;
  self.history_fine_seconds = history.fine_seconds;
  self.history_coarse_seconds = history.coarse_seconds;
}

void add_filesystem(SelfStatistics& self, const FilesystemStatistics& source) {
  self.filesystem = SelfStatistics::Filesystem{};  // not emplace(): clang 14 finds a nested struct not constructible
  SelfStatistics::Filesystem& now = *self.filesystem;
  now.walks = {{"complete", source.walks_complete}, {"failed", source.walks_failed}, {"aborted", source.walks_aborted}};
  now.trees.assign(source.trees.begin(), source.trees.end());
  now.entries = source.entries;
  now.trees_refused = source.trees_refused;
  now.links_estimated = source.links_estimated;
  now.hanging = source.hanging;
  now.cpu_seconds = source.cpu_seconds;
  now.seconds = source.seconds;
}

void add_ends(SelfStatistics& self, const SamplingServiceStatistics& observed, const EventLogStatistics& events) {
  for (std::size_t type = 0; type < kEventTypes; ++type) {
    self.events[std::string(to_string(static_cast<EventType>(type)))] = events.by_type[type];
  }
  self.event_log_evicted = events.dropped;
  const FinalStatsCounts& counts = observed.sampler.final_stats_by_source;
  self.final_stats_by_source = {
      {"cgroup_empty", counts.cgroup_empty}, {"last_sample", counts.last_sample}, {"unknown", counts.unknown}};
  self.ended_shown = observed.sampler.ended;
  self.exits_dropped = observed.discovery.exits_dropped;
  if (observed.final_stats) {
    self.final_stats_watches = observed.final_stats->watches;
    self.final_stats_unwatched = observed.final_stats->unwatched;
    self.final_stats_cpu_seconds = static_cast<double>(observed.final_stats->cpu_nsec) / 1e9;
    self.final_stats_overflows = observed.final_stats->overflows;
    self.final_stats_active = observed.final_stats->active;
  }
}

void add_snapshot(SelfStatistics& self, const Snapshot& snapshot) {
  std::uint64_t series = 0;
  for (const Block& block : snapshot.layout->blocks) {
    series += block.plan->series.size();
  }
  self.series = series;
  self.sample_age_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - snapshot.steady_time).count();
}

void add_process(SelfStatistics& self) {
  const SelfProcessStats process = read_self_process();
  if (process.cpu_nsec) {
    self.process_cpu_seconds = static_cast<double>(*process.cpu_nsec) / 1e9;
  }
  self.process_start_time_seconds = process.start_time_seconds;
  self.process_resident_memory_bytes = process.resident_bytes;
  self.process_virtual_memory_bytes = process.virtual_bytes;
  self.process_open_fds = process.open_fds;
  self.process_max_fds = process.max_fds;
  self.process_threads = process.threads;
}

void add_http(SelfStatistics& self, const HttpStatistics& http) {
  self.http_requests = http.requests;
  self.http_connections = http.connections;
  self.http_rejected_connections = http.rejected_connections;
  self.http_bad_requests = http.bad_requests;
  self.http_timeouts = http.timeouts;
  self.http_streams = http.streams;
  self.http_rejected_streams = http.rejected_streams;
  self.http_cut_streams = http.cut_streams;
  self.http_skipped_chunks = http.skipped_chunks;
}

}  // namespace

SelfStatistics gather_self_statistics(const RouteSources& sources, const EventLog& events) {
  const auto sampling_service = sources.sampling_service();
  SelfStatistics self;
  self.version = kVersion;
  self.cgroup_mode = to_string(sampling_service->mounts().mode());
  const SamplingServiceStatistics observed = sampling_service->statistics();
  add_sampling(self, observed);
  add_processes(self, observed);
  if (observed.filesystem) {
    add_filesystem(self, *observed.filesystem);
  }
  add_ends(self, observed, events.statistics());
  if (const SnapshotPtr snapshot = sampling_service->snapshot()) {
    add_snapshot(self, *snapshot);
  }
  const WorkloadListPtr workloads = sampling_service->workloads();
  for (const WorkloadPtr& one : *workloads) {
    ++self.workloads[std::string(to_string(one->kind))];
  }
  add_http(self, sources.http());
  self.log_lines_dropped = sources.log_lines_dropped();
  if (sources.history != nullptr) {
    add_history(self, sources.history->statistics());
    self.history_samples_skipped = sources.snapshots_skipped();
  }
  add_process(self);
  return self;
}

}  // namespace tallyman
