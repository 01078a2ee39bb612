// What the agent knows of itself, as plain values; the rows of self_metric_table() turn
// them into metrics.
#pragma once

#include "collectors/model/exposition_statistics.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tallyman {

// The last report of `tallyman overhead run`: wall time of each mode relative to the
// baseline. Immutable.
struct OverheadFigures {
  struct Cell {
    std::string work, place;           // "system-calls", "docker"
    double low = 1, high = 1;          // interval of the ratio, 95 %
    std::optional<double> ratio = {};  // empty: no measurable difference
  };
  std::optional<double> run_timestamp_seconds;
  std::map<std::string, double> noise_floor;  // work -> factor, at least 1: a ratio closer to 1 is noise
  std::vector<Cell> cells;
};

// The agent fills this from its parts just before the metrics are written. Empty
// values have no series. Counters are totals since the start of their part and
// restart at 0 when the part is recreated.
struct SelfStatistics {
  using Total = std::optional<std::uint64_t>;
  using Value = std::optional<double>;

  std::string version, cgroup_mode;

  struct CollectorCost {
    std::string name;
    double last_seconds = 0, total_seconds = 0;
    std::vector<std::pair<std::string, std::uint64_t>> errors;  // kind -> count
  };
  std::vector<CollectorCost> collectors;

  Value sampling_duration_seconds, sampling_lag_seconds, sample_age_seconds;
  Total samples, samples_skipped;

  std::map<std::string, std::uint64_t> workloads;  // kind -> count
  Total workloads_left_out, container_cgroups_left_out, containers_quieted;
  Total series, duplicate_series, series_left_out;
  Total labels_truncated, label_collisions, metadata_errors, unnamed_containers;

  struct Filesystem {
    std::vector<std::pair<std::string, std::uint64_t>> walks, trees;  // result -> count, state -> count
    std::uint64_t entries = 0, trees_refused = 0, links_estimated = 0, hanging = 0;
    double cpu_seconds = 0, seconds = 0;
  };
  std::optional<Filesystem> filesystem;

  Total open_files, open_files_limit;
  std::optional<bool> files_reopened;
  Total inotify_watches;
  std::optional<bool> inotify_active;
  Total inotify_overflows;

  Total processes, processes_left_out, process_groups, process_groups_left_out;
  Total process_exits, taskstats_overflows, process_scans, process_scans_late;
  std::optional<bool> process_times_exact;
  Value process_scan_cpu_seconds, process_scan_interval_seconds;
  std::map<std::string, std::uint64_t> events;  // type -> count
  Total event_log_evicted;
  std::map<std::string, std::uint64_t> final_stats_by_source;  // where final stats came from -> count
  Total ended_shown, exits_dropped, final_stats_watches, final_stats_unwatched, final_stats_overflows;
  Value final_stats_cpu_seconds;
  std::optional<bool> final_stats_active;

  ExpositionStatistics exposition;
  Total http_requests, http_connections, http_rejected_connections, http_bad_requests, http_timeouts;
  Total http_streams, http_rejected_streams, http_cut_streams, http_skipped_chunks;
  Total log_lines_dropped;

  Total history_memory_bytes, history_points, history_workloads;
  Total history_samples_skipped, history_workloads_left_out, history_chunks_dropped;
  Value history_fine_seconds, history_coarse_seconds;

  std::shared_ptr<const OverheadFigures> overhead;  // null if nothing was measured

  Value process_cpu_seconds, process_start_time_seconds;
  Total process_resident_memory_bytes, process_virtual_memory_bytes;
  Total process_open_fds, process_max_fds, process_threads;
};

}  // namespace tallyman
