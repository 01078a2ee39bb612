#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/model/collector.h"

namespace tallyman {
namespace {

enum Index { kUsage, kMaxUsage, kFailcnt, kReserved };

constexpr MetricDefinition kMetrics[] = {
    {"container_hugetlb_usage_bytes", MetricType::kGauge, "bytes", Scale::kUnits,
     "Bytes of huge pages that were touched.", "pagesize", "hugetlb.SIZE.usage_in_bytes (slow interval)",
     "hugetlb.SIZE.current (slow interval)"},
    {"container_hugetlb_max_usage_bytes", MetricType::kGauge, "bytes", Scale::kUnits,
     "Highest recorded usage of huge pages.", "pagesize", "hugetlb.SIZE.max_usage_in_bytes (slow interval)", "-"},
    {"container_hugetlb_failcnt", MetricType::kCounter, "", Scale::kUnits, "Number of times that usage hit the limit.",
     "pagesize", "hugetlb.SIZE.failcnt (slow interval)", "hugetlb.SIZE.events max (slow interval)"},
    {"container_hugetlb_reserved_bytes", MetricType::kGauge, "bytes", Scale::kUnits,
     "Bytes of huge pages that were set aside, touched or not (Linux 5.7). cAdvisor's usage is this figure.",
     "pagesize", "hugetlb.SIZE.rsvd.usage_in_bytes (slow interval)", "hugetlb.SIZE.rsvd.current (slow interval)"},
};

void collect(const Observation& observation, SeriesWriter& writer) {
  for (const HugetlbStats& one : observation.stats.hugetlb) {
    writer.put(kUsage, {one.page_size}, one.current);
    writer.put(kMaxUsage, {one.page_size}, one.max_usage);
    writer.put(kFailcnt, {one.page_size}, one.failcnt);
    writer.put(kReserved, {one.page_size}, one.reserved);
  }
}

}  // namespace

extern const Collector hugetlb_collector{
    "hugetlb", "huge pages", true, Scope::kWorkload, kMetrics, CgroupStatsKind::kHugetlb, false, collect};

}  // namespace tallyman
