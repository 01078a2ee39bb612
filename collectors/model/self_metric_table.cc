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
    self("tallyman_build_info", kGauge, "", "Always 1; what this agent is and what it found on the host.",
         "version,compiler,cgroup_mode"),

    self("tallyman_collector_duration_seconds", kGauge, "seconds", "Time the collector took in the last sample.",
         "collector"),
    self("tallyman_collector_seconds_total", kCounter, "seconds", "Time the collector has taken since the start.",
         "collector"),
    self("tallyman_collector_errors_total", kCounter, "",
         "Files that the collector could not read or understand, by kind of error; a vanished cgroup is none.",
         "collector,kind"),
    self("tallyman_sampling_duration_seconds", kGauge, "seconds", "Time the last sample of everything took."),
    self("tallyman_sampling_lag_seconds", kGauge, "seconds", "How far behind its due time the last sample began."),
    self("tallyman_samples_total", kCounter, "", "Samples taken since the start."),
    self("tallyman_samples_skipped_total", kCounter, "", "Samples left out because an earlier one was still running."),
    self("tallyman_sample_age_seconds", kGauge, "seconds", "Age of the rendered sample when it was rendered."),

    self("tallyman_workloads", kGauge, "", "Workloads in the rendered sample, by kind.", "kind"),
    self("tallyman_workloads_left_out", kGauge, "", "Cgroups beyond the limit on workloads, not sampled."),
    self("tallyman_series", kGauge, "", "Series in the rendered sample, without the agent's own."),
    self("tallyman_duplicate_series", kGauge, "", "Series dropped because another has the same name and labels."),
    self("tallyman_labels_truncated_total", kCounter, "", "Label values cut to the limit on their length."),
    self("tallyman_label_collisions_total", kCounter, "",
         "Container labels dropped because another one has the same name once made valid."),
    self("tallyman_metadata_errors_total", kCounter, "",
         "Container runtime files that could not be read or understood."),

    self("tallyman_filesystem_walks_total", kCounter, "", "Walks through layers and volumes, by how they ended.",
         "result"),
    self("tallyman_filesystem_walk_entries_total", kCounter, "", "Files and directories looked at by walks."),
    self("tallyman_filesystem_walk_cpu_seconds_total", kCounter, "seconds", "CPU time of walks."),
    self("tallyman_filesystem_walk_seconds_total", kCounter, "seconds",
         "Time of walks, waiting for the disk included, without the rests between two goes."),
    self("tallyman_filesystem_trees", kGauge, "", "Layers and volumes, by whether they are measured and if not, why.",
         "state"),
    self("tallyman_filesystem_trees_refused_total", kCounter, "", "Layers and volumes beyond the limit, not measured."),
    self("tallyman_filesystem_links_estimated_total", kCounter, "",
         "Hard links beyond those that a walk remembers, counted as their share of the file."),
    self("tallyman_filesystem_hanging_calls", kGauge, "", "Calls to file systems that have not come back in time."),

    self("tallyman_open_files", kGauge, "", "Kernel files kept open for sampling."),
    self("tallyman_open_files_limit", kGauge, "",
         "How many kernel files may be kept open; more are opened for each read."),
    self("tallyman_files_reopened", kGauge, "",
         "1 when the limit on open files is reached and files are opened for each read, else 0."),
    self("tallyman_inotify_watches", kGauge, "", "Cgroup directories watched by inotify."),
    self("tallyman_inotify_active", kGauge, "",
         "1 when inotify tells of new cgroups, 0 when they are found by walking the tree."),
    self("tallyman_inotify_overflows_total", kCounter, "",
         "Times the kernel dropped inotify events; each is made up for by a walk."),

    self("tallyman_processes", kGauge, "", "Processes that the last scan of them found."),
    self("tallyman_processes_left_out", kGauge, "", "Processes beyond the bound of 200,000, not looked at."),
    self("tallyman_process_groups", kGauge, "", "Groups of bare processes."),
    self("tallyman_process_groups_left_out", kGauge, "", "Groups beyond the limit, whose processes are in [other]."),
    self("tallyman_process_exits_total", kCounter, "", "Exits of processes that the kernel told of by taskstats."),
    self("tallyman_taskstats_overflows_total", kCounter, "",
         "Times the kernel had no room for more exits; those are lost."),
    self("tallyman_process_times_exact", kGauge, "",
         "1 when taskstats gives the times of processes, 0 when they are counted in steps of 10 ms."),
    self("tallyman_process_scans_total", kCounter, "", "Scans of all processes since the start."),
    self("tallyman_process_scan_cpu_seconds_total", kCounter, "seconds",
         "CPU time that scans of processes have taken."),
    self("tallyman_process_scan_interval_seconds", kGauge, "seconds",
         "Time from a scan of processes to the next: longer where a scan costs more than its share of a CPU."),
    self("tallyman_events_total", kCounter, "", "What happened to workloads, by type of event.", "type"),
    self("tallyman_event_log_evicted_total", kCounter, "", "Events dropped from memory to make room for newer ones."),
    self("tallyman_final_stats_total", kCounter, "",
         "Ended workloads by the source of their final counters: cgroup_empty (read when it emptied), last_sample or "
         "unknown.",
         "source"),
    self("tallyman_ended_workloads_shown", kGauge, "", "Containers that have ended and are still shown."),
    self("tallyman_ended_workloads_dropped_total", kCounter, "",
         "Ends of workloads that were dropped because too many came between two samples."),
    self("tallyman_final_stats_watches", kGauge, "", "Cgroups watched for the moment they empty."),
    self("tallyman_final_stats_unwatched_total", kCounter, "",
         "Cgroups not watched because the limit on inotify watches was reached."),
    self("tallyman_final_stats_overflows_total", kCounter, "",
         "Times the kernel dropped events about cgroups that had emptied."),
    self("tallyman_final_stats_cpu_seconds_total", kCounter, "seconds",
         "CPU time of the thread that reads cgroups when they empty."),

    self("tallyman_scrapes_total", kCounter, "", "Requests for metrics, by text format and encoding.",
         "format,encoding"),
    self("tallyman_scrape_duration_seconds", kHistogram, "seconds",
         "Time to render and compress one body; done once a sample however many ask."),
    self("tallyman_http_requests_total", kCounter, "", "HTTP requests received whole."),
    self("tallyman_http_connections", kGauge, "", "HTTP connections open now."),
    self("tallyman_http_rejected_connections_total", kCounter, "",
         "HTTP connections closed at once because too many were open."),
    self("tallyman_http_bad_requests_total", kCounter, "", "HTTP requests that broke the protocol or a limit."),
    self("tallyman_http_timeouts_total", kCounter, "", "HTTP connections closed for being too slow."),
    self("tallyman_http_streams", kGauge, "", "HTTP connections that send live events now."),
    self("tallyman_http_rejected_streams_total", kCounter, "",
         "Requests for live events answered 503 because too many were open."),
    self("tallyman_http_cut_streams_total", kCounter, "", "Live events ended because the client read too slowly."),
    self("tallyman_http_skipped_chunks_total", kCounter, "",
         "Live samples that slow clients were not sent, because a newer one followed."),
    self("tallyman_history_memory_bytes", kGauge, "bytes", "Memory that the past of all workloads takes."),
    self("tallyman_history_points", kGauge, "", "Figures that are remembered."),
    self("tallyman_history_workloads", kGauge, "", "Workloads of which something is remembered, ended ones too."),
    self("tallyman_history_reach_seconds", kGauge, "seconds",
         "How far the past reaches back, by tier: fine is every sample, coarse one in 15 s.", "tier"),
    self("tallyman_history_samples_skipped_total", kCounter, "",
         "Samples that were not remembered because the next one had come already; their counters are in it."),
    self("tallyman_history_workloads_left_out", kGauge, "",
         "Workloads that are not remembered because there are too many for the memory."),
    self("tallyman_history_chunks_dropped_total", kCounter, "",
         "Pieces of the past dropped before their time, for want of memory."),

    self("tallyman_overhead_run_timestamp_seconds", kGauge, "seconds",
         "When the last report of `tallyman overhead run` was begun, since the epoch."),
    self("tallyman_overhead_ratio", kGauge, "",
         "Wall time of an operation against a bare process, as the last report has it. No series: no measurable "
         "difference.",
         "work,place"),
    self("tallyman_overhead_ratio_low", kGauge, "", "Lower end of the ratio's 95 % interval.", "work,place"),
    self("tallyman_overhead_ratio_high", kGauge, "", "Upper end of the ratio's 95 % interval.", "work,place"),
    self("tallyman_overhead_noise_floor", kGauge, "",
         "A bare process against itself, as a factor of at least 1: a ratio that is nearer to 1 is noise.", "work"),

    self("tallyman_log_lines_dropped_total", kCounter, "", "Log lines dropped because the log took none."),

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
