#include "exporters/self_metrics.h"

#include "collectors/model/self_metric_table.h"
#include "exporters/prometheus_families.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <mutex>
#include <set>
#include <stdexcept>

namespace tallyman {
namespace {

using prometheus::Labels;

std::string help_of(const std::string& name) {
  for (const MetricDefinition& metric : self_metric_table()) {
    if (metric.name == name) return std::string(metric.help);
  }
  throw std::logic_error("not in self_metric_table(): " + name);
}

// The series of one type. A series that is not set in a round is removed after it.
template <class Metric>
class SeriesStore {
 public:
  struct Held {
    prometheus::Family<Metric>* family;
    Metric* metric;
    double last = 0;
    bool set = false;
  };

  template <class... Arguments>
  Held& get(prometheus::Family<Metric>& family, const Labels& labels, Arguments&&... arguments) {
    const auto [at, added] = held_.try_emplace({family.GetName(), labels}, Held{&family, nullptr});
    if (added) at->second.metric = &family.Add(labels, std::forward<Arguments>(arguments)...);
    at->second.set = true;
    return at->second;
  }
  void end_round() {
    for (auto at = held_.begin(); at != held_.end();) {
      if (std::exchange(at->second.set, false)) {
        ++at;
      } else {
        at->second.family->Remove(at->second.metric);
        at = held_.erase(at);
      }
    }
  }

 private:
  std::map<std::pair<std::string, Labels>, Held> held_;
};

template <class T>
std::optional<double> number(const std::optional<T>& value) {
  return value ? std::optional<double>(static_cast<double>(*value)) : std::nullopt;
}

std::string compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "g++ " __VERSION__;
#endif
}

}  // namespace

class SelfMetrics::Impl {
 public:
  void update(const SelfStatistics& now);
  void append(TextFormat format, std::string& out) const {
    const std::lock_guard lock(mutex_);
    append_prometheus_families(registry_.Collect(), self_metric_table(), format, out);
  }

 private:
  void set_gauge(SeriesStore<prometheus::Gauge>& store, const std::string& name, const Labels& labels,
                 std::optional<double> value);
  void gauge(const std::string& name, const Labels& labels, std::optional<double> value) {
    set_gauge(gauges_, name, labels, value);
  }
  void counter(const std::string& name, const Labels& labels, std::optional<double> total);
  void histogram(const std::string& name, const DurationHistogram& now);
  void update_sampling(const SelfStatistics& now);
  void update_host(const SelfStatistics& now);
  void update_process_scans(const SelfStatistics& now);
  void update_filesystem(const SelfStatistics::Filesystem& now);
  void update_ends(const SelfStatistics& now);
  void update_serving(const SelfStatistics& now);
  void update_history(const SelfStatistics& now);
  void update_overhead(const std::shared_ptr<const OverheadFigures>& now);
  void update_process(const SelfStatistics& now);

  mutable std::mutex mutex_;
  prometheus::Registry registry_{prometheus::Registry::InsertBehavior::Merge};
  SeriesStore<prometheus::Gauge> gauges_;
  SeriesStore<prometheus::Gauge> overhead_gauges_;  // hundreds, which change only with a new report
  std::shared_ptr<const OverheadFigures> overhead_;
  SeriesStore<prometheus::Counter> counters_;
  prometheus::Histogram* histogram_ = nullptr;
  DurationHistogram observed_;
};

void SelfMetrics::Impl::set_gauge(SeriesStore<prometheus::Gauge>& store, const std::string& name, const Labels& labels,
                                  std::optional<double> value) {
  if (!value) return;
  auto& family = prometheus::BuildGauge().Name(name).Help(help_of(name)).Register(registry_);
  store.get(family, labels).metric->Set(*value);
}

void SelfMetrics::Impl::counter(const std::string& name, const Labels& labels, std::optional<double> total) {
  if (!total) return;
  auto& family = prometheus::BuildCounter().Name(name).Help(help_of(name)).Register(registry_);
  auto& held = counters_.get(family, labels);
  // A recreated part counts from 0 again, but the series continues.
  held.metric->Increment(*total >= held.last ? *total - held.last : *total);
  held.last = *total;
}

void SelfMetrics::Impl::histogram(const std::string& name, const DurationHistogram& now) {
  if (histogram_ == nullptr) {
    auto& family = prometheus::BuildHistogram().Name(name).Help(help_of(name)).Register(registry_);
    const auto& bounds = DurationHistogram::kBounds;
    histogram_ = &family.Add({}, prometheus::Histogram::BucketBoundaries(bounds.begin(), bounds.end()));
  }
  std::vector<double> increments;
  for (std::size_t i = 0; i < now.counts.size(); ++i) {
    const std::uint64_t before = now.sum_seconds >= observed_.sum_seconds ? observed_.counts[i] : 0;
    increments.push_back(static_cast<double>(now.counts[i] - before));
  }
  const double sum =
      now.sum_seconds >= observed_.sum_seconds ? now.sum_seconds - observed_.sum_seconds : now.sum_seconds;
  histogram_->ObserveMultiple(increments, sum);
  observed_ = now;
}

void SelfMetrics::Impl::update_sampling(const SelfStatistics& now) {
  for (const SelfStatistics::CollectorCost& one : now.collectors) {
    gauge("tallyman_collector_duration_seconds", {{"collector", one.name}}, one.last_seconds);
    counter("tallyman_collector_seconds_total", {{"collector", one.name}}, one.total_seconds);
    for (const auto& [kind, count] : one.errors) {
      counter("tallyman_collector_errors_total", {{"collector", one.name}, {"kind", kind}}, static_cast<double>(count));
    }
  }
  gauge("tallyman_sampling_duration_seconds", {}, now.sampling_duration_seconds);
  gauge("tallyman_sampling_lag_seconds", {}, now.sampling_lag_seconds);
  gauge("tallyman_sample_age_seconds", {}, now.sample_age_seconds);
  counter("tallyman_samples_total", {}, number(now.samples));
  counter("tallyman_samples_skipped_total", {}, number(now.samples_skipped));
}

void SelfMetrics::Impl::update_host(const SelfStatistics& now) {
  for (const auto& [kind, count] : now.workloads) {
    gauge("tallyman_workloads", {{"kind", kind}}, static_cast<double>(count));
  }
  gauge("tallyman_workloads_left_out", {}, number(now.workloads_left_out));
  gauge("tallyman_series", {}, number(now.series));
  gauge("tallyman_duplicate_series", {}, number(now.duplicate_series));
  counter("tallyman_labels_truncated_total", {}, number(now.labels_truncated));
  counter("tallyman_label_collisions_total", {}, number(now.label_collisions));
  counter("tallyman_metadata_errors_total", {}, number(now.metadata_errors));
  gauge("tallyman_unnamed_containers", {}, number(now.unnamed_containers));
  gauge("tallyman_open_files", {}, number(now.open_files));
  gauge("tallyman_open_files_limit", {}, number(now.open_files_limit));
  gauge("tallyman_files_reopened", {}, number(now.files_reopened));
  gauge("tallyman_inotify_watches", {}, number(now.inotify_watches));
  gauge("tallyman_inotify_active", {}, number(now.inotify_watching));
  counter("tallyman_inotify_overflows_total", {}, number(now.dropped_events));
}

void SelfMetrics::Impl::update_process_scans(const SelfStatistics& now) {
  gauge("tallyman_processes", {}, number(now.processes));
  gauge("tallyman_processes_left_out", {}, number(now.processes_left_out));
  gauge("tallyman_process_groups", {}, number(now.process_groups));
  gauge("tallyman_process_groups_left_out", {}, number(now.process_groups_left_out));
  counter("tallyman_process_exits_total", {}, number(now.process_exits));
  counter("tallyman_taskstats_overflows_total", {}, number(now.process_exits_overflows));
  gauge("tallyman_process_times_exact", {}, number(now.process_times_exact));
  counter("tallyman_process_scans_total", {}, number(now.process_scans));
  counter("tallyman_process_scan_cpu_seconds_total", {}, now.process_scan_cpu_seconds);
  gauge("tallyman_process_scan_interval_seconds", {}, now.process_scan_interval_seconds);
}

void SelfMetrics::Impl::update_filesystem(const SelfStatistics::Filesystem& now) {
  for (const auto& [result, count] : now.walks) {
    counter("tallyman_filesystem_walks_total", {{"result", result}}, static_cast<double>(count));
  }
  for (const auto& [state, count] : now.trees) {
    gauge("tallyman_filesystem_trees", {{"state", state}}, static_cast<double>(count));
  }
  counter("tallyman_filesystem_walk_entries_total", {}, static_cast<double>(now.entries));
  counter("tallyman_filesystem_walk_cpu_seconds_total", {}, now.cpu_seconds);
  counter("tallyman_filesystem_walk_seconds_total", {}, now.seconds);
  counter("tallyman_filesystem_trees_refused_total", {}, static_cast<double>(now.trees_refused));
  counter("tallyman_filesystem_links_estimated_total", {}, static_cast<double>(now.links_estimated));
  gauge("tallyman_filesystem_hanging_calls", {}, static_cast<double>(now.hanging));
}

void SelfMetrics::Impl::update_ends(const SelfStatistics& now) {
  for (const auto& [type, count] : now.events) {
    counter("tallyman_events_total", {{"type", type}}, static_cast<double>(count));
  }
  counter("tallyman_event_log_evicted_total", {}, number(now.events_dropped));
  for (const auto& [source, count] : now.finals) {
    counter("tallyman_final_stats_total", {{"source", source}}, static_cast<double>(count));
  }
  gauge("tallyman_ended_workloads_shown", {}, number(now.ended_shown));
  counter("tallyman_ended_workloads_dropped_total", {}, number(now.exits_dropped));
  gauge("tallyman_final_stats_watches", {}, number(now.final_stats_watches));
  counter("tallyman_final_stats_unwatched_total", {}, number(now.final_stats_unwatched));
  counter("tallyman_final_stats_overflows_total", {}, number(now.final_stats_overflows));
  counter("tallyman_final_stats_cpu_seconds_total", {}, now.final_stats_cpu_seconds);
}

void SelfMetrics::Impl::update_serving(const SelfStatistics& now) {
  static constexpr const char* kFormats[kTextFormats] = {"prometheus", "openmetrics"};
  static constexpr const char* kEncodings[2] = {"identity", "gzip"};
  for (std::size_t format = 0; format < kTextFormats; ++format) {
    for (std::size_t encoding = 0; encoding < 2; ++encoding) {
      counter("tallyman_scrapes_total", {{"format", kFormats[format]}, {"encoding", kEncodings[encoding]}},
              static_cast<double>(now.exposition.requests[format][encoding]));
    }
  }
  histogram("tallyman_scrape_duration_seconds", now.exposition.made);
  counter("tallyman_http_requests_total", {}, number(now.http_requests));
  gauge("tallyman_http_connections", {}, number(now.http_connections));
  counter("tallyman_http_rejected_connections_total", {}, number(now.http_rejected_connections));
  counter("tallyman_http_bad_requests_total", {}, number(now.http_bad_requests));
  counter("tallyman_http_timeouts_total", {}, number(now.http_timeouts));
  gauge("tallyman_http_streams", {}, number(now.http_streams));
  counter("tallyman_http_rejected_streams_total", {}, number(now.http_rejected_streams));
  counter("tallyman_http_cut_streams_total", {}, number(now.http_cut_streams));
  counter("tallyman_http_skipped_chunks_total", {}, number(now.http_skipped_chunks));
  counter("tallyman_log_lines_dropped_total", {}, number(now.log_lines_dropped));
}

void SelfMetrics::Impl::update_history(const SelfStatistics& now) {
  gauge("tallyman_history_memory_bytes", {}, number(now.history_memory_bytes));
  gauge("tallyman_history_points", {}, number(now.history_points));
  gauge("tallyman_history_workloads", {}, number(now.history_workloads));
  gauge("tallyman_history_reach_seconds", {{"tier", "fine"}}, now.history_fine_seconds);
  gauge("tallyman_history_reach_seconds", {{"tier", "coarse"}}, now.history_coarse_seconds);
  counter("tallyman_history_samples_skipped_total", {}, number(now.history_samples_skipped));
  gauge("tallyman_history_workloads_left_out", {}, number(now.history_workloads_left_out));
  counter("tallyman_history_chunks_dropped_total", {}, number(now.history_chunks_dropped));
}

void SelfMetrics::Impl::update_overhead(const std::shared_ptr<const OverheadFigures>& now) {
  if (std::exchange(overhead_, now) == now) return;
  const auto set = [this](const std::string& name, const Labels& labels, std::optional<double> value) {
    set_gauge(overhead_gauges_, name, labels, value);
  };
  if (now) {
    set("tallyman_overhead_run_timestamp_seconds", {}, now->run_timestamp_seconds);
    for (const auto& [work, floor] : now->noise_floor) set("tallyman_overhead_noise_floor", {{"work", work}}, floor);
    for (const OverheadFigures::Cell& cell : now->cells) {
      const Labels labels = {{"work", cell.work}, {"place", cell.place}};
      set("tallyman_overhead_ratio", labels, cell.ratio);
      set("tallyman_overhead_ratio_low", labels, cell.low);
      set("tallyman_overhead_ratio_high", labels, cell.high);
    }
  }
  overhead_gauges_.end_round();
}

void SelfMetrics::Impl::update_process(const SelfStatistics& now) {
  counter("process_cpu_seconds_total", {}, now.process_cpu_seconds);
  gauge("process_resident_memory_bytes", {}, number(now.process_resident_memory_bytes));
  gauge("process_virtual_memory_bytes", {}, number(now.process_virtual_memory_bytes));
  gauge("process_open_fds", {}, number(now.process_open_fds));
  gauge("process_max_fds", {}, number(now.process_max_fds));
  gauge("process_start_time_seconds", {}, now.process_start_time_seconds);
  gauge("process_threads", {}, number(now.process_threads));
}

void SelfMetrics::Impl::update(const SelfStatistics& now) {
  const std::lock_guard lock(mutex_);
  gauge("tallyman_build_info", {{"version", now.version}, {"compiler", compiler()}, {"cgroup_mode", now.cgroup_mode}},
        1);
  update_sampling(now);
  update_host(now);
  update_process_scans(now);
  if (now.filesystem) update_filesystem(*now.filesystem);
  update_ends(now);
  update_serving(now);
  update_history(now);
  update_overhead(now.overhead);
  update_process(now);
  gauges_.end_round();
  counters_.end_round();
}

SelfMetrics::SelfMetrics() : impl_(std::make_unique<Impl>()) {}
SelfMetrics::~SelfMetrics() = default;

void SelfMetrics::update(const SelfStatistics& statistics) { impl_->update(statistics); }
void SelfMetrics::append(TextFormat format, std::string& out) const { impl_->append(format, out); }

}  // namespace tallyman
