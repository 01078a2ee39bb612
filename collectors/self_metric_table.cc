#include "collectors/self_metric_table.h"

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

    self("tallyman_open_files", kGauge, "", "Kernel files kept open for sampling."),
    self("tallyman_open_files_limit", kGauge, "",
         "How many kernel files may be kept open; more are opened for each read."),
    self("tallyman_files_reopened", kGauge, "",
         "1 when the limit on open files is reached and files are opened for each read, else 0."),
    self("tallyman_inotify_watches", kGauge, "", "Cgroup directories watched by inotify."),
    self("tallyman_inotify_watching", kGauge, "",
         "1 when inotify tells of new cgroups, 0 when they are found by walking the tree."),
    self("tallyman_dropped_events_total", kCounter, "",
         "Times the kernel dropped inotify events; each is made up for by a walk."),

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
