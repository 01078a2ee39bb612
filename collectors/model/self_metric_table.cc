#include "collectors/model/self_metric_table.h"

namespace tallyman {
namespace {

constexpr MetricType kCounter = MetricType::kCounter;
constexpr MetricType kGauge = MetricType::kGauge;
constexpr MetricType kHistogram = MetricType::kHistogram;

constexpr MetricDefinition self(std::string_view name, MetricType type, std::string_view unit, std::string_view help,
                                std::string_view labels = {}) {
  return {name, type, unit, Scale::kUnits, help, labels, "the agent", "the agent"};
}

constexpr MetricDefinition process(std::string_view name, MetricType type, std::string_view unit, std::string_view help,
                                   std::string_view source) {
  return {name, type, unit, Scale::kUnits, help, {}, source, source};
}

constexpr MetricDefinition kTable[] = {
    self("tallyman_build_info", kGauge, "", "Always 1. Describes this agent and the host's cgroup mode.",
         "version,compiler,cgroup_mode"),

    self("tallyman_collector_duration_seconds", kGauge, "seconds", "Time the collector took in the last sample.",
         "collector"),
    self("tallyman_collector_seconds_total", kCounter, "seconds", "Time the collector has taken since the start.",
         "collector"),
    self("tallyman_collector_errors_total", kCounter, "",
         "Files that the collector could not read or parse, by kind of error. A vanished cgroup is no error.",
         "collector,kind"),
    self("tallyman_sampling_duration_seconds", kGauge, "seconds", "Time the last sample took."),
    self("tallyman_sampling_lag_seconds", kGauge, "seconds",
         "Delay between the due time of the last sample and its start."),
    self("tallyman_samples_total", kCounter, "", "Samples taken since the start."),
    self("tallyman_samples_skipped_total", kCounter, "", "Samples skipped because an earlier one was still running."),
    self("tallyman_sample_age_seconds", kGauge, "seconds", "Age of the rendered sample when it was rendered."),

    self("tallyman_workloads", kGauge, "", "Workloads in the rendered sample, by kind.", "kind"),
    self("tallyman_workloads_left_out", kGauge, "", "Cgroups not sampled because the limit on workloads was reached."),
    self("tallyman_series", kGauge, "", "Series in the rendered sample, without the agent's own."),
    self("tallyman_duplicate_series", kGauge, "", "Series dropped because another has the same name and labels."),
    self("tallyman_labels_truncated_total", kCounter, "", "Label values cut to the maximum length."),
    self("tallyman_label_collisions_total", kCounter, "",
         "Container labels dropped because another label gets the same valid name."),
    self("tallyman_metadata_errors_total", kCounter, "", "Container runtime files that could not be read or parsed."),
    self("tallyman_unnamed_containers", kGauge, "",
         "Containers shown by their id because no files of their runtime were found for them."),

    self("tallyman_filesystem_walks_total", kCounter, "", "Walks through layers and volumes, by result.", "result"),
    self("tallyman_filesystem_walk_entries_total", kCounter, "", "Files and directories visited by walks."),
    self("tallyman_filesystem_walk_cpu_seconds_total", kCounter, "seconds",
         "CPU time used by walks through layers and volumes."),
    self("tallyman_filesystem_walk_seconds_total", kCounter, "seconds",
         "Duration of walks, including waiting for the disk, without the pauses between slices."),
    self("tallyman_filesystem_trees", kGauge, "", "Layers and volumes, by state: measured, or the reason why not.",
         "state"),
    self("tallyman_filesystem_trees_refused_total", kCounter, "",
         "Layers and volumes not measured because the limit was reached."),
    self("tallyman_filesystem_links_estimated_total", kCounter, "",
         "Hard links beyond those that a walk remembers. Each is counted as its share of the file."),
    self("tallyman_filesystem_hanging_calls", kGauge, "", "Calls to file systems that have not returned in time."),

    self("tallyman_open_files", kGauge, "", "Kernel files kept open for sampling."),
    self("tallyman_open_files_limit", kGauge, "",
         "Limit on kernel files kept open; further ones are opened for each read."),
    self("tallyman_files_reopened", kGauge, "",
         "1 if the limit on open files is reached and files are opened for each read, else 0."),
    self("tallyman_inotify_watches", kGauge, "", "Cgroup directories watched by inotify."),
    self("tallyman_inotify_active", kGauge, "",
         "1 if inotify reports new cgroups, 0 if they are found by walking the tree."),
    self("tallyman_inotify_overflows_total", kCounter, "",
         "Number of times that the kernel dropped inotify events. A walk makes up for each."),

    self("tallyman_processes", kGauge, "", "Processes that the last scan found."),
    self("tallyman_processes_left_out", kGauge, "", "Processes not read because the limit of 200,000 was reached."),
    self("tallyman_process_groups", kGauge, "", "Groups of bare processes."),
    self("tallyman_process_groups_left_out", kGauge, "",
         "Groups beyond the limit; their processes are counted in [other]."),
    self("tallyman_process_exits_total", kCounter, "", "Process exits that the kernel reported through taskstats."),
    self("tallyman_taskstats_overflows_total", kCounter, "",
         "Number of times that the kernel's buffer for process exits was full and exits were lost."),
    self("tallyman_process_times_exact", kGauge, "",
         "1 if the times of processes come from taskstats, 0 if they are counted in steps of 10 ms."),
    self("tallyman_process_scans_total", kCounter, "", "Scans of all processes since the start."),
    self("tallyman_process_scan_cpu_seconds_total", kCounter, "seconds", "CPU time used by scans of processes."),
    self("tallyman_process_scan_interval_seconds", kGauge, "seconds",
         "Time between two scans of processes. It grows if a scan costs more than its share of a CPU."),
    self("tallyman_events_total", kCounter, "", "Workload events, by type.", "type"),
    self("tallyman_event_log_evicted_total", kCounter, "", "Events evicted from memory to make room for newer ones."),
    self("tallyman_final_stats_total", kCounter, "",
         "Ended workloads, by the source of their final counters: cgroup_empty (read when it became empty), "
         "last_sample or unknown.",
         "source"),
    self("tallyman_ended_workloads_shown", kGauge, "", "Ended containers that are still shown."),
    self("tallyman_ended_workloads_dropped_total", kCounter, "",
         "Exits of workloads dropped because there were too many between two samples."),
    self("tallyman_final_stats_watches", kGauge, "", "Cgroups watched for the moment they become empty."),
    self("tallyman_final_stats_unwatched_total", kCounter, "",
         "Cgroups not watched because the limit on inotify watches was reached."),
    self("tallyman_final_stats_overflows_total", kCounter, "",
         "Number of times that the kernel dropped events about cgroups that became empty."),
    self("tallyman_final_stats_cpu_seconds_total", kCounter, "seconds",
         "CPU time of the thread that reads cgroups when they become empty."),

    self("tallyman_scrapes_total", kCounter, "", "Requests for metrics, by text format and encoding.",
         "format,encoding"),
    self("tallyman_scrape_duration_seconds", kHistogram, "seconds",
         "Time to render and compress one body, once per sample regardless of the number of clients."),
    self("tallyman_http_requests_total", kCounter, "", "HTTP requests received completely."),
    self("tallyman_http_connections", kGauge, "", "HTTP connections open now."),
    self("tallyman_http_rejected_connections_total", kCounter, "",
         "HTTP connections closed at once because too many were open."),
    self("tallyman_http_bad_requests_total", kCounter, "", "HTTP requests that violated the protocol or a limit."),
    self("tallyman_http_timeouts_total", kCounter, "", "HTTP connections closed for being too slow."),
    self("tallyman_http_streams", kGauge, "", "HTTP connections that send live events now."),
    self("tallyman_http_rejected_streams_total", kCounter, "",
         "Requests for live events answered 503 because too many were open."),
    self("tallyman_http_cut_streams_total", kCounter, "",
         "Live event streams closed because the client read too slowly."),
    self("tallyman_http_skipped_chunks_total", kCounter, "",
         "Live samples not sent to slow clients because a newer one followed."),
    self("tallyman_history_memory_bytes", kGauge, "bytes", "Memory used by the history of all workloads."),
    self("tallyman_history_points", kGauge, "", "Values stored in the history."),
    self("tallyman_history_workloads", kGauge, "", "Workloads in the history, including ended ones."),
    self("tallyman_history_reach_seconds", kGauge, "seconds",
         "Time that the history covers, by tier: fine is every sample, coarse one in 15 s.", "tier"),
    self("tallyman_history_samples_skipped_total", kCounter, "",
         "Samples left out of the history because the next one had arrived already; its counters include theirs."),
    self("tallyman_history_workloads_left_out", kGauge, "",
         "Workloads left out of the history because its memory is full."),
    self("tallyman_history_chunks_dropped_total", kCounter, "",
         "Chunks of the history dropped early because its memory was full."),

    self("tallyman_overhead_run_timestamp_seconds", kGauge, "seconds",
         "Start time of the run of the last report of `tallyman overhead run`, in seconds since the epoch."),
    self("tallyman_overhead_ratio", kGauge, "",
         "Wall time of an operation relative to a bare process, from the last report. No series: no measurable "
         "difference.",
         "work,place"),
    self("tallyman_overhead_ratio_low", kGauge, "", "Lower end of the ratio's 95 % interval.", "work,place"),
    self("tallyman_overhead_ratio_high", kGauge, "", "Upper end of the ratio's 95 % interval.", "work,place"),
    self("tallyman_overhead_noise_floor", kGauge, "",
         "Difference between two identical runs of a bare process, as a factor of at least 1. A ratio closer to 1 is "
         "noise.",
         "work"),

    self("tallyman_log_lines_dropped_total", kCounter, "", "Log lines dropped because the log did not accept them."),

    process("process_cpu_seconds_total", kCounter, "seconds", "Total user and system CPU time spent in seconds.",
            "CLOCK_PROCESS_CPUTIME_ID"),
    process("process_resident_memory_bytes", kGauge, "bytes", "Resident memory size in bytes.", "/proc/self/statm"),
    process("process_virtual_memory_bytes", kGauge, "bytes", "Virtual memory size in bytes.", "/proc/self/statm"),
    process("process_open_fds", kGauge, "", "Number of open file descriptors.", "/proc/self/fd"),
    process("process_max_fds", kGauge, "", "Maximum number of open file descriptors.", "RLIMIT_NOFILE"),
    process("process_start_time_seconds", kGauge, "seconds",
            "Start time of the process since the Unix epoch in seconds.", "/proc/self/stat"),
    process("process_threads", kGauge, "", "Number of threads of the process.", "/proc/self/stat"),
};

}  // namespace

std::span<const MetricDefinition> self_metric_table() { return kTable; }

}  // namespace tallyman
