#include "collectors/model/self_metric_table.h"

#include <string>

namespace tallyman {
namespace {

constexpr MetricType kCounter = MetricType::kCounter;
constexpr MetricType kGauge = MetricType::kGauge;
constexpr MetricType kHistogram = MetricType::kHistogram;

// The rows' getters. A value that is not known gives no series.
using Read = SelfMetric::Read;

template <auto kField>
void value(const SelfStatistics& now, SelfValues& out) {
  out.add(now.*kField);
}

// One series for each key of a map, which is the only label.
template <auto kField>
void each(const SelfStatistics& now, SelfValues& out) {
  for (const auto& [label, count] : now.*kField) out.add(count, {label});
}

template <auto kField>
void of_filesystem(const SelfStatistics& now, SelfValues& out) {
  if (now.filesystem) out.add((*now.filesystem).*kField);
}

template <auto kField>
void each_of_filesystem(const SelfStatistics& now, SelfValues& out) {
  if (!now.filesystem) return;
  for (const auto& [label, count] : (*now.filesystem).*kField) out.add(count, {label});
}

template <auto kField>
void of_collectors(const SelfStatistics& now, SelfValues& out) {
  for (const SelfStatistics::CollectorCost& one : now.collectors) out.add(one.*kField, {one.name});
}

void collector_errors(const SelfStatistics& now, SelfValues& out) {
  for (const SelfStatistics::CollectorCost& one : now.collectors) {
    for (const auto& [kind, count] : one.errors) out.add(count, {one.name, kind});
  }
}

void build_info(const SelfStatistics& now, SelfValues& out) {
#if defined(__clang__)
  const std::string compiler = "clang " __clang_version__;
#else
  const std::string compiler = "g++ " __VERSION__;
#endif
  out.add(1, {now.version, compiler, now.cgroup_mode});
}

void scrapes(const SelfStatistics& now, SelfValues& out) {
  using Statistics = ExpositionStatistics;
  for (std::size_t format = 0; format < Statistics::kFormats.size(); ++format) {
    for (std::size_t encoding = 0; encoding < Statistics::kEncodings.size(); ++encoding) {
      out.add(now.exposition.requests[format][encoding],
              {std::string(Statistics::kFormats[format]), std::string(Statistics::kEncodings[encoding])});
    }
  }
}

void scrape_duration(const SelfStatistics& now, SelfValues& out) { out.add(now.exposition.made); }

void history_reach(const SelfStatistics& now, SelfValues& out) {
  out.add(now.history_fine_seconds, {"fine"});
  out.add(now.history_coarse_seconds, {"coarse"});
}

void overhead_time(const SelfStatistics& now, SelfValues& out) {
  if (now.overhead) out.add(now.overhead->run_timestamp_seconds);
}

void noise_floor(const SelfStatistics& now, SelfValues& out) {
  if (!now.overhead) return;
  for (const auto& [work, floor] : now.overhead->noise_floor) out.add(floor, {work});
}

template <auto kField>
void of_cells(const SelfStatistics& now, SelfValues& out) {
  if (!now.overhead) return;
  for (const OverheadFigures::Cell& cell : now.overhead->cells) out.add(cell.*kField, {cell.work, cell.place});
}

constexpr SelfMetric self(std::string_view name, MetricType type, std::string_view unit, std::string_view help,
                          std::string_view labels, Read read) {
  return {{name, type, unit, Scale::kUnits, help, labels, "the agent", "the agent"}, read};
}

constexpr SelfMetric self(std::string_view name, MetricType type, std::string_view unit, std::string_view help,
                          Read read) {
  return self(name, type, unit, help, {}, read);
}

// Of the last report of `tallyman overhead run`.
constexpr SelfMetric report(std::string_view name, MetricType type, std::string_view unit, std::string_view help,
                            std::string_view labels, Read read) {
  SelfMetric metric = self(name, type, unit, help, labels, read);
  metric.of_report = true;
  return metric;
}

constexpr SelfMetric process(std::string_view name, MetricType type, std::string_view unit, std::string_view help,
                             std::string_view source, Read read) {
  return {{name, type, unit, Scale::kUnits, help, {}, source, source}, read};
}

constexpr SelfMetric kTable[] = {
    self("tallyman_build_info", kGauge, "", "Always 1. Describes this agent and the host's cgroup mode.",
         "version,compiler,cgroup_mode", build_info),

    self("tallyman_collector_duration_seconds", kGauge, "seconds", "Time the collector took in the last sample.",
         "collector", of_collectors<&SelfStatistics::CollectorCost::last_seconds>),
    self("tallyman_collector_seconds_total", kCounter, "seconds", "Time the collector has taken since the start.",
         "collector", of_collectors<&SelfStatistics::CollectorCost::total_seconds>),
    self("tallyman_collector_errors_total", kCounter, "",
         "Files that the collector could not read or parse, by kind of error. A vanished cgroup is no error.",
         "collector,kind", collector_errors),
    self("tallyman_sampling_duration_seconds", kGauge, "seconds", "Time the last sample took.",
         value<&SelfStatistics::sampling_duration_seconds>),
    self("tallyman_sampling_lag_seconds", kGauge, "seconds",
         "Delay between the due time of the last sample and its start.", value<&SelfStatistics::sampling_lag_seconds>),
    self("tallyman_samples_total", kCounter, "", "Samples taken since the start.", value<&SelfStatistics::samples>),
    self("tallyman_samples_skipped_total", kCounter, "", "Samples skipped because an earlier one was still running.",
         value<&SelfStatistics::samples_skipped>),
    self("tallyman_sample_age_seconds", kGauge, "seconds", "Age of the rendered sample when it was rendered.",
         value<&SelfStatistics::sample_age_seconds>),

    self("tallyman_workloads", kGauge, "", "Workloads in the rendered sample, by kind.", "kind",
         each<&SelfStatistics::workloads>),
    self("tallyman_workloads_left_out", kGauge, "", "Cgroups not sampled because the limit on workloads was reached.",
         value<&SelfStatistics::workloads_left_out>),
    self("tallyman_container_cgroups_left_out", kGauge, "",
         "Cgroups inside of containers not sampled because the limit for one container was reached.",
         value<&SelfStatistics::container_cgroups_left_out>),
    self("tallyman_containers_quieted_total", kCounter, "",
         "Times that the cgroups inside of a container came too fast to listen to them.",
         value<&SelfStatistics::containers_quieted>),
    self("tallyman_series", kGauge, "", "Series in the rendered sample, without the agent's own.",
         value<&SelfStatistics::series>),
    self("tallyman_duplicate_series", kGauge, "", "Series dropped because another has the same name and labels.",
         value<&SelfStatistics::duplicate_series>),
    self("tallyman_series_left_out", kGauge, "",
         "Series left out because the limit on series of one metric was reached.",
         value<&SelfStatistics::series_left_out>),
    self("tallyman_labels_truncated_total", kCounter, "", "Label values cut to the maximum length.",
         value<&SelfStatistics::labels_truncated>),
    self("tallyman_label_collisions_total", kCounter, "",
         "Container labels dropped because another label gets the same valid name.",
         value<&SelfStatistics::label_collisions>),
    self("tallyman_metadata_errors_total", kCounter, "", "Container runtime files that could not be read or parsed.",
         value<&SelfStatistics::metadata_errors>),
    self("tallyman_unnamed_containers", kGauge, "",
         "Containers shown by their id because no files of their runtime were found for them.",
         value<&SelfStatistics::unnamed_containers>),

    self("tallyman_filesystem_walks_total", kCounter, "", "Walks through layers and volumes, by result.", "result",
         each_of_filesystem<&SelfStatistics::Filesystem::walks>),
    self("tallyman_filesystem_walk_entries_total", kCounter, "", "Files and directories visited by walks.",
         of_filesystem<&SelfStatistics::Filesystem::entries>),
    self("tallyman_filesystem_walk_cpu_seconds_total", kCounter, "seconds",
         "CPU time used by walks through layers and volumes.", of_filesystem<&SelfStatistics::Filesystem::cpu_seconds>),
    self("tallyman_filesystem_walk_seconds_total", kCounter, "seconds",
         "Duration of walks, including waiting for the disk, without the pauses between slices.",
         of_filesystem<&SelfStatistics::Filesystem::seconds>),
    self("tallyman_filesystem_trees", kGauge, "", "Layers and volumes, by state: measured, or the reason why not.",
         "state", each_of_filesystem<&SelfStatistics::Filesystem::trees>),
    self("tallyman_filesystem_trees_refused_total", kCounter, "",
         "Layers and volumes not measured because the limit was reached.",
         of_filesystem<&SelfStatistics::Filesystem::trees_refused>),
    self("tallyman_filesystem_links_estimated_total", kCounter, "",
         "Hard links beyond those that a walk remembers. Each is counted as its share of the file.",
         of_filesystem<&SelfStatistics::Filesystem::links_estimated>),
    self("tallyman_filesystem_hanging_calls", kGauge, "", "Calls to file systems that have not returned in time.",
         of_filesystem<&SelfStatistics::Filesystem::hanging>),

    self("tallyman_open_files", kGauge, "", "Kernel files kept open for sampling.", value<&SelfStatistics::open_files>),
    self("tallyman_open_files_limit", kGauge, "",
         "Limit on kernel files kept open; further ones are opened for each read.",
         value<&SelfStatistics::open_files_limit>),
    self("tallyman_files_reopened", kGauge, "",
         "1 if the limit on open files is reached and files are opened for each read, else 0.",
         value<&SelfStatistics::files_reopened>),
    self("tallyman_inotify_watches", kGauge, "", "Cgroup directories watched by inotify.",
         value<&SelfStatistics::inotify_watches>),
    self("tallyman_inotify_active", kGauge, "",
         "1 if inotify reports new cgroups, 0 if they are found by walking the tree.",
         value<&SelfStatistics::inotify_active>),
    self("tallyman_inotify_overflows_total", kCounter, "",
         "Number of times that the kernel dropped inotify events. A walk makes up for each.",
         value<&SelfStatistics::inotify_overflows>),

    self("tallyman_processes", kGauge, "", "Processes that the last scan found.", value<&SelfStatistics::processes>),
    self("tallyman_processes_left_out", kGauge, "", "Processes not read because the limit of 200,000 was reached.",
         value<&SelfStatistics::processes_left_out>),
    self("tallyman_process_groups", kGauge, "", "Groups of bare processes.", value<&SelfStatistics::process_groups>),
    self("tallyman_process_groups_left_out", kGauge, "",
         "Groups beyond the limit; their processes are counted in [other].",
         value<&SelfStatistics::process_groups_left_out>),
    self("tallyman_process_exits_total", kCounter, "", "Process exits that the kernel reported through taskstats.",
         value<&SelfStatistics::process_exits>),
    self("tallyman_taskstats_overflows_total", kCounter, "",
         "Number of times that the kernel's buffer for process exits was full and exits were lost.",
         value<&SelfStatistics::taskstats_overflows>),
    self("tallyman_process_times_exact", kGauge, "",
         "1 if the times of processes come from taskstats, 0 if they are counted in steps of 10 ms.",
         value<&SelfStatistics::process_times_exact>),
    self("tallyman_process_scans_late_total", kCounter, "",
         "Scans of all processes that did not begin, because the one before had not returned.",
         value<&SelfStatistics::process_scans_late>),
    self("tallyman_process_scans_total", kCounter, "", "Scans of all processes since the start.",
         value<&SelfStatistics::process_scans>),
    self("tallyman_process_scan_cpu_seconds_total", kCounter, "seconds", "CPU time used by scans of processes.",
         value<&SelfStatistics::process_scan_cpu_seconds>),
    self("tallyman_process_scan_interval_seconds", kGauge, "seconds",
         "Time between two scans of processes. It grows if a scan costs more than its share of a CPU.",
         value<&SelfStatistics::process_scan_interval_seconds>),
    self("tallyman_events_total", kCounter, "", "Workload events, by type.", "type", each<&SelfStatistics::events>),
    self("tallyman_event_log_evicted_total", kCounter, "", "Events evicted from memory to make room for newer ones.",
         value<&SelfStatistics::event_log_evicted>),
    self("tallyman_final_stats_total", kCounter, "",
         "Ended workloads, by the source of their final stats: cgroup_empty (read when it became empty), "
         "last_sample or unknown.",
         "source", each<&SelfStatistics::final_stats_by_source>),
    self("tallyman_ended_workloads_shown", kGauge, "", "Ended containers that are still shown.",
         value<&SelfStatistics::ended_shown>),
    self("tallyman_ended_workloads_dropped_total", kCounter, "",
         "Exits of workloads dropped because there were too many between two samples.",
         value<&SelfStatistics::exits_dropped>),
    self("tallyman_final_stats_active", kGauge, "",
         "1 if the kernel reports cgroups that become empty; 0 if it has no inotify instance left for it.",
         value<&SelfStatistics::final_stats_active>),
    self("tallyman_final_stats_watches", kGauge, "", "Cgroups watched for the moment they become empty.",
         value<&SelfStatistics::final_stats_watches>),
    self("tallyman_final_stats_unwatched_total", kCounter, "",
         "Cgroups not watched because the limit on inotify watches was reached.",
         value<&SelfStatistics::final_stats_unwatched>),
    self("tallyman_final_stats_overflows_total", kCounter, "",
         "Number of times that the kernel dropped events about cgroups that became empty.",
         value<&SelfStatistics::final_stats_overflows>),
    self("tallyman_final_stats_cpu_seconds_total", kCounter, "seconds",
         "CPU time of the thread that reads cgroups when they become empty.",
         value<&SelfStatistics::final_stats_cpu_seconds>),

    self("tallyman_scrapes_total", kCounter, "", "Requests for metrics, by text format and encoding.",
         "format,encoding", scrapes),
    self("tallyman_scrape_duration_seconds", kHistogram, "seconds",
         "Time to render and compress one body, once per sample regardless of the number of clients.", scrape_duration),
    self("tallyman_http_requests_total", kCounter, "", "HTTP requests received completely.",
         value<&SelfStatistics::http_requests>),
    self("tallyman_http_connections", kGauge, "", "HTTP connections open now.",
         value<&SelfStatistics::http_connections>),
    self("tallyman_http_rejected_connections_total", kCounter, "",
         "HTTP connections closed at once because too many were open.",
         value<&SelfStatistics::http_rejected_connections>),
    self("tallyman_http_bad_requests_total", kCounter, "", "HTTP requests that violated the protocol or a limit.",
         value<&SelfStatistics::http_bad_requests>),
    self("tallyman_http_timeouts_total", kCounter, "", "HTTP connections closed for being too slow.",
         value<&SelfStatistics::http_timeouts>),
    self("tallyman_http_streams", kGauge, "", "HTTP connections that send live events now.",
         value<&SelfStatistics::http_streams>),
    self("tallyman_http_rejected_streams_total", kCounter, "",
         "Requests for live events answered 503 because too many were open.",
         value<&SelfStatistics::http_rejected_streams>),
    self("tallyman_http_cut_streams_total", kCounter, "",
         "Live event streams closed because the client read too slowly.", value<&SelfStatistics::http_cut_streams>),
    self("tallyman_http_skipped_chunks_total", kCounter, "",
         "Live samples not sent to slow clients because a newer one followed.",
         value<&SelfStatistics::http_skipped_chunks>),
    self("tallyman_history_memory_bytes", kGauge, "bytes", "Memory used by the history of all workloads.",
         value<&SelfStatistics::history_memory_bytes>),
    self("tallyman_history_points", kGauge, "", "Values stored in the history.",
         value<&SelfStatistics::history_points>),
    self("tallyman_history_workloads", kGauge, "", "Workloads in the history, including ended ones.",
         value<&SelfStatistics::history_workloads>),
    self("tallyman_history_reach_seconds", kGauge, "seconds",
         "Time that the history covers, by tier: fine is every sample, coarse one in 15 s.", "tier", history_reach),
    self("tallyman_history_samples_skipped_total", kCounter, "",
         "Samples left out of the history because the next one had arrived already; its counters include theirs.",
         value<&SelfStatistics::history_samples_skipped>),
    self("tallyman_history_workloads_left_out", kGauge, "",
         "Workloads left out of the history because its memory is full.",
         value<&SelfStatistics::history_workloads_left_out>),
    self("tallyman_history_chunks_dropped_total", kCounter, "",
         "Chunks of the history dropped early because its memory was full.",
         value<&SelfStatistics::history_chunks_dropped>),

    report("tallyman_overhead_run_timestamp_seconds", kGauge, "seconds",
           "Start time of the run of the last report of `tallyman overhead run`, in seconds since the epoch.", {},
           overhead_time),
    report("tallyman_overhead_ratio", kGauge, "",
           "Wall time of an operation relative to a bare process, from the last report. No series: no measurable "
           "difference.",
           "work,place", of_cells<&OverheadFigures::Cell::ratio>),
    report("tallyman_overhead_ratio_low", kGauge, "", "Lower end of the ratio's 95 % interval.", "work,place",
           of_cells<&OverheadFigures::Cell::low>),
    report("tallyman_overhead_ratio_high", kGauge, "", "Upper end of the ratio's 95 % interval.", "work,place",
           of_cells<&OverheadFigures::Cell::high>),
    report("tallyman_overhead_noise_floor", kGauge, "",
           "Difference between two identical runs of a bare process, as a factor of at least 1. A ratio closer to 1 is "
           "noise.",
           "work", noise_floor),

    self("tallyman_log_lines_dropped_total", kCounter, "", "Log lines dropped because the log did not accept them.",
         value<&SelfStatistics::log_lines_dropped>),

    process("process_cpu_seconds_total", kCounter, "seconds", "Total user and system CPU time spent in seconds.",
            "CLOCK_PROCESS_CPUTIME_ID", value<&SelfStatistics::process_cpu_seconds>),
    process("process_resident_memory_bytes", kGauge, "bytes", "Resident memory size in bytes.", "/proc/self/statm",
            value<&SelfStatistics::process_resident_memory_bytes>),
    process("process_virtual_memory_bytes", kGauge, "bytes", "Virtual memory size in bytes.", "/proc/self/statm",
            value<&SelfStatistics::process_virtual_memory_bytes>),
    process("process_open_fds", kGauge, "", "Number of open file descriptors.", "/proc/self/fd",
            value<&SelfStatistics::process_open_fds>),
    process("process_max_fds", kGauge, "", "Maximum number of open file descriptors.", "RLIMIT_NOFILE",
            value<&SelfStatistics::process_max_fds>),
    process("process_start_time_seconds", kGauge, "seconds",
            "Start time of the process since the Unix epoch in seconds.", "/proc/self/stat",
            value<&SelfStatistics::process_start_time_seconds>),
    process("process_threads", kGauge, "", "Number of threads of the process.", "/proc/self/stat",
            value<&SelfStatistics::process_threads>),
};

}  // namespace

std::span<const SelfMetric> self_metric_table() { return kTable; }

}  // namespace tallyman
