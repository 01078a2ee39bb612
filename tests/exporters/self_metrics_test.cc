#include "exporters/self_metrics.h"

#include "collectors/model/self_metric_table.h"
#include "tests/support/exposition_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <thread>

namespace tallyman {
namespace {

using test::parse_openmetrics;
using test::parse_prometheus_text;
using test::ParsedExposition;
using ::testing::IsEmpty;

SelfStatistics everything() {
  SelfStatistics s;
  s.version = "1.2.3";
  s.cgroup_mode = "hybrid";
  s.collectors = {{"cpu", 0.25, 10.5, {{"denied", 1}, {"malformed", 0}}}, {"memory", 0.125, 4, {}}};
  s.sampling_duration_seconds = 0.5;
  s.sampling_lag_seconds = 0.001;
  s.sample_age_seconds = 0.75;
  s.samples = 100;
  s.samples_skipped = 2;
  s.workloads = {{"container", 300}, {"service", 40}};
  s.workloads_left_out = 0;
  s.container_cgroups_left_out = 700;
  s.containers_quieted = 1;
  s.series_left_out = 9;
  s.series = 20'000;
  s.duplicate_series = 0;
  s.labels_truncated = 1;
  s.label_collisions = 2;
  s.metadata_errors = 3;
  s.unnamed_containers = 2;
  s.filesystem = {{{"complete", 9}, {"failed", 1}}, {{"measured", 30}, {"denied", 0}}, 50'000, 0, 1, 0, 0.5, 1.25};
  s.open_files = 4'000;
  s.open_files_limit = 60'000;
  s.files_reopened = false;
  s.inotify_watches = 900;
  s.inotify_active = true;
  s.inotify_overflows = 0;
  s.processes = 500;
  s.processes_left_out = 0;
  s.process_groups = 30;
  s.process_groups_left_out = 2;
  s.process_exits = 1'000;
  s.taskstats_overflows = 0;
  s.process_times_exact = true;
  s.process_scans = 90;
  s.process_scans_late = 1;
  s.process_scan_cpu_seconds = 0.5;
  s.process_scan_interval_seconds = 1;
  s.events = {{"started", 8}, {"died", 7}};
  s.event_log_evicted = 1;
  s.final_stats_by_source = {{"cgroup_empty", 6}, {"last_sample", 1}};
  s.ended_shown = 2;
  s.exits_dropped = 0;
  s.overhead = std::make_shared<const OverheadFigures>(
      OverheadFigures{1.7e9, {{"integer", 1.004}}, {{"integer", "docker", 1.04, 1.07, 1.05}}});
  s.final_stats_watches = 30;
  s.final_stats_unwatched = 0;
  s.final_stats_overflows = 0;
  s.final_stats_cpu_seconds = 0.5;
  s.final_stats_active = true;
  s.history_memory_bytes = 1'000'000;
  s.history_points = 5'000;
  s.history_workloads = 40;
  s.history_workloads_left_out = 0;
  s.history_samples_skipped = 1;
  s.history_chunks_dropped = 2;
  s.history_fine_seconds = 3'600;
  s.history_coarse_seconds = 86'400;
  s.exposition.requests[1][1] = 60;
  s.exposition.made.observe(0.003);
  s.exposition.made.observe(2);
  s.http_requests = 70;
  s.http_connections = 1;
  s.http_rejected_connections = 0;
  s.http_bad_requests = 5;
  s.http_timeouts = 6;
  s.http_streams = 2;
  s.http_rejected_streams = 3;
  s.http_cut_streams = 4;
  s.http_skipped_chunks = 5;
  s.log_lines_dropped = 7;
  s.process_cpu_seconds = 1.5;
  s.process_start_time_seconds = 1'700'000'000.25;
  s.process_resident_memory_bytes = 20'000'000;
  s.process_virtual_memory_bytes = 200'000'000;
  s.process_open_fds = 50;
  s.process_max_fds = 1024;
  s.process_threads = 4;
  return s;
}

ParsedExposition parsed(const SelfMetrics& metrics) {
  std::string text;
  metrics.append(TextFormat::kPrometheus, text);
  return parse_prometheus_text(text);
}

TEST(SelfMetrics, FillEveryMetricOfTheTable) {
  SelfMetrics metrics;
  metrics.update(everything());
  const ParsedExposition all = parsed(metrics);
  EXPECT_THAT(all.faults, IsEmpty());
  for (const auto& [metric, read, of_report] : self_metric_table()) {
    const auto family = all.families.find(std::string(metric.name));
    ASSERT_NE(family, all.families.end()) << metric.name;
    EXPECT_EQ(family->second.type, to_string(metric.type)) << metric.name;
    EXPECT_EQ(family->second.help, metric.help);
  }
  EXPECT_EQ(all.families.size(), self_metric_table().size());
}

TEST(SelfMetrics, CarryTheLabelsThatTheTableDeclares) {
  SelfMetrics metrics;
  metrics.update(everything());
  const ParsedExposition all = parsed(metrics);
  EXPECT_EQ(all.series.at("tallyman_collector_duration_seconds{collector=\"cpu\"}"), 0.25);
  EXPECT_EQ(all.series.at("tallyman_collector_seconds_total{collector=\"memory\"}"), 4);
  EXPECT_EQ(all.series.at("tallyman_collector_errors_total{collector=\"cpu\",kind=\"denied\"}"), 1);
  EXPECT_EQ(all.series.at("tallyman_workloads{kind=\"container\"}"), 300);
  EXPECT_EQ(all.series.at("tallyman_scrapes_total{encoding=\"gzip\",format=\"openmetrics\"}"), 60);
  EXPECT_EQ(all.series.at("tallyman_inotify_active"), 1);
  EXPECT_EQ(all.series.at("tallyman_files_reopened"), 0);
  EXPECT_EQ(all.series.at("process_start_time_seconds"), 1'700'000'000.25);
  EXPECT_EQ(all.series.at("tallyman_scrape_duration_seconds_count"), 2);
  EXPECT_EQ(all.series.at("tallyman_scrape_duration_seconds_bucket{le=\"0.005\"}"), 1);
  EXPECT_EQ(all.series.at("tallyman_scrape_duration_seconds_bucket{le=\"+Inf\"}"), 2);
  EXPECT_DOUBLE_EQ(all.series.at("tallyman_scrape_duration_seconds_sum"), 2.003);
}

TEST(SelfMetrics, AreTheSameSeriesInOpenMetrics) {
  SelfMetrics metrics;
  metrics.update(everything());
  std::string text;
  metrics.append(TextFormat::kOpenMetrics, text);
  const ParsedExposition open = parse_openmetrics(text + "# EOF\n");
  EXPECT_THAT(open.faults, IsEmpty());
  EXPECT_EQ(open.series, parsed(metrics).series);
  EXPECT_EQ(open.families.at("process_cpu_seconds").unit, "seconds");
  EXPECT_EQ(open.families.at("tallyman_scrape_duration_seconds").type, "histogram");
}

TEST(SelfMetrics, LeaveOutUnknownValues) {
  SelfMetrics metrics;
  metrics.update(SelfStatistics());
  const ParsedExposition few = parsed(metrics);
  EXPECT_THAT(few.faults, IsEmpty());
  EXPECT_EQ(few.families.count("tallyman_series"), 0U);
  EXPECT_EQ(few.families.count("process_open_fds"), 0U);
  EXPECT_EQ(few.families.count("tallyman_build_info"), 1U);

  metrics.update(everything());
  EXPECT_EQ(parsed(metrics).families.count("tallyman_series"), 1U);
  metrics.update(SelfStatistics());
  EXPECT_EQ(parsed(metrics).families.count("tallyman_series"), 0U);
}

TEST(SelfMetrics, ForgetAKindOfWorkloadThatIsGone) {
  SelfMetrics metrics;
  SelfStatistics statistics = everything();
  metrics.update(statistics);
  statistics.workloads.erase("service");
  metrics.update(statistics);
  const ParsedExposition all = parsed(metrics);
  EXPECT_EQ(all.series.count("tallyman_workloads{kind=\"service\"}"), 0U);
  EXPECT_EQ(all.series.count("tallyman_workloads{kind=\"container\"}"), 1U);
}

TEST(SelfMetrics, HaveTheLastReportUntilThereIsAnother) {
  SelfMetrics metrics;
  const auto cells_of = [&metrics](std::shared_ptr<const OverheadFigures> overhead) {
    SelfStatistics s;
    s.overhead = std::move(overhead);
    metrics.update(s);
    metrics.update(s);  // no new report: the old one stays
    std::string text;
    metrics.append(TextFormat::kPrometheus, text);
    std::size_t count = 0;
    for (std::size_t at = 0; (at = text.find("\ntallyman_overhead_", at)) != text.npos; ++at) ++count;
    return count;
  };
  const OverheadFigures two{
      1.7e9, {{"integer", 1.004}}, {{"integer", "docker", 1.04, 1.07, 1.05}, {"integer", "cgroup", 0.99, 1.01}}};
  EXPECT_EQ(cells_of(std::make_shared<const OverheadFigures>(two)), 7U) << "time, floor, 3 of docker, 2 of cgroup";
  EXPECT_EQ(cells_of(std::make_shared<const OverheadFigures>(OverheadFigures{1.8e9, {}, {{"write", "docker", 1, 2}}})),
            3U);
  EXPECT_EQ(cells_of(nullptr), 0U);
}

TEST(SelfMetrics, CountersContinueWhenAPartIsRecreated) {
  SelfMetrics metrics;
  SelfStatistics statistics = everything();
  metrics.update(statistics);
  metrics.update(statistics);
  EXPECT_EQ(parsed(metrics).series.at("tallyman_samples_total"), 100);
  statistics.samples = 105;
  metrics.update(statistics);
  EXPECT_EQ(parsed(metrics).series.at("tallyman_samples_total"), 105);
  statistics.samples = 3;
  statistics.exposition.made = DurationHistogram();
  statistics.exposition.made.observe(0.001);
  metrics.update(statistics);
  EXPECT_EQ(parsed(metrics).series.at("tallyman_samples_total"), 108);
  EXPECT_EQ(parsed(metrics).series.at("tallyman_scrape_duration_seconds_count"), 3);
}

TEST(SelfMetrics, KeepTheirOrder) {
  SelfMetrics metrics;
  SelfStatistics statistics = everything();
  for (int i = 0; i < 50; ++i) statistics.workloads["kind" + std::to_string(i)] = 1;
  metrics.update(statistics);
  std::string first, second;
  metrics.append(TextFormat::kPrometheus, first);
  metrics.update(statistics);
  metrics.append(TextFormat::kPrometheus, second);
  EXPECT_EQ(first, second);
  EXPECT_LT(first.find("kind10"), first.find("kind11"));
}

TEST(SelfMetrics, AllowAnyTextInALabel) {
  SelfMetrics metrics;
  SelfStatistics statistics;
  statistics.version = "a\"b\\c\nd\xFF";
  metrics.update(statistics);
  EXPECT_THAT(parsed(metrics).faults, IsEmpty());
}

TEST(SelfMetrics, AreUpdatedAndReadByThreads) {
  SelfMetrics metrics;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&metrics, t] {
      SelfStatistics statistics = everything();
      for (int i = 0; i < 100; ++i) {
        statistics.workloads["thread" + std::to_string(t)] = static_cast<std::uint64_t>(i);
        metrics.update(statistics);
        std::string text;
        metrics.append(static_cast<TextFormat>(i % 2), text);
        ASSERT_FALSE(text.empty());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(parsed(metrics).faults, IsEmpty());
}

}  // namespace
}  // namespace tallyman
