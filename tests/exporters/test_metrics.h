// A catalogue with a metric of each type, and helpers to render it.
#pragma once

#include "exporters/prometheus_text.h"
#include "tests/support/snapshot_builder.h"

#include <string>
#include <vector>

namespace tallyman::test {

enum Index { kCpu, kMemory, kReads, kFailures, kFailcnt, kInfo, kOdd, kMillis, kMicros };
inline constexpr MetricDefinition kMetrics[] = {
    {"cpu_seconds_total", MetricType::kCounter, "seconds", Scale::kNanoseconds, "CPU time.", "cpu", "-", "-"},
    {"memory_bytes", MetricType::kGauge, "bytes", Scale::kUnits, "Memory.", "", "-", "-"},
    {"reads_total", MetricType::kCounter, "", Scale::kUnits, "Reads.", "device", "-", "-"},
    {"failures_total", MetricType::kCounter, "", Scale::kUnits, "Failures.", "failure_type,scope", "-", "-"},
    {"failcnt", MetricType::kCounter, "", Scale::kUnits, "Limit hits.", "", "-", "-"},
    {"memory_cache", MetricType::kGauge, "bytes", Scale::kUnits, "No unit in its name.", "", "-", "-"},
    {"odd", MetricType::kGauge, "", Scale::kUnits, "A \\ and a \" and a\nnewline", "", "-", "-"},
    {"wait_seconds", MetricType::kGauge, "seconds", Scale::kMilliseconds, "Waits.", "", "-", "-"},
    {"stalled_seconds_total", MetricType::kCounter, "seconds", Scale::kMicroseconds, "Stalls.", "", "-", "-"},
};
inline std::vector<CatalogueEntry> make_test_catalogue() {
  std::vector<CatalogueEntry> entries;
  for (const MetricDefinition& metric : kMetrics) entries.push_back({&metric, "test"});
  return entries;
}
inline const std::vector<CatalogueEntry> kTestCatalogue = make_test_catalogue();

inline Workload anything() { return workload_of(WorkloadKind::kContainer, "/x", "x"); }

inline std::string render(const Snapshot& snapshot, TextFormat format = TextFormat::kPrometheus,
                          const FamilyFilter& filter = {}) {
  std::string out;
  render_families(snapshot, format, filter, out, kTestCatalogue);
  return out;
}

}  // namespace tallyman::test
