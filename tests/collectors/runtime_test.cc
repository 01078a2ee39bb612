#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/model/process_facts.h"
#include "tests/support/observe.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

TEST(RuntimeCollector, HasARowOfSeriesForEachComponent) {
  ProcessFacts facts;
  facts.runtime = {{"containerd-shim", 1, 4096, 17}, {"docker-proxy", 0, 0, 5}};
  ObservationContext context;
  context.processes = &facts;
  EXPECT_EQ(observe("runtime", {}, context),
            (SeriesValues{{"container_runtime_cpu_seconds_total{component=\"containerd-shim\"}", 17},
                          {"container_runtime_memory_rss_bytes{component=\"containerd-shim\"}", 4096},
                          {"container_runtime_processes{component=\"containerd-shim\"}", 1},
                          {"container_runtime_cpu_seconds_total{component=\"docker-proxy\"}", 5},
                          {"container_runtime_memory_rss_bytes{component=\"docker-proxy\"}", 0},
                          {"container_runtime_processes{component=\"docker-proxy\"}", 0}}));
}

TEST(RuntimeCollector, HasNoSeriesWhereNothingIsKnown) {
  EXPECT_EQ(observe("runtime", {}), SeriesValues{});
  ProcessFacts facts;
  ObservationContext context;
  context.processes = &facts;
  EXPECT_EQ(observe("runtime", {}, context), SeriesValues{});
}

}  // namespace
}  // namespace tallyman
