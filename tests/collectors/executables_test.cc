#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/model/process_facts.h"
#include "tests/support/observe.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

TEST(ExecutablesCollector, HasARowOfSeriesForEachProgram) {
  ProcessFacts facts;
  facts.executables = {{"nginx", 2, 3, 4096, 17}, {"php-fpm8.2", 0, 0, 0, 5}};
  ObservationContext context;
  context.processes = &facts;
  EXPECT_EQ(observe("executables", {}, context),
            (SeriesValues{{"container_process_count{executable=\"nginx\"}", 2},
                          {"container_process_threads{executable=\"nginx\"}", 3},
                          {"container_process_cpu_seconds_total{executable=\"nginx\"}", 17},
                          {"container_process_rss_bytes{executable=\"nginx\"}", 4096},
                          {"container_process_count{executable=\"php-fpm8.2\"}", 0},
                          {"container_process_threads{executable=\"php-fpm8.2\"}", 0},
                          {"container_process_cpu_seconds_total{executable=\"php-fpm8.2\"}", 5},
                          {"container_process_rss_bytes{executable=\"php-fpm8.2\"}", 0}}));
}

TEST(ExecutablesCollector, HasNoSeriesWhereProcessesAreNotKnown) {
  EXPECT_EQ(observe("executables", {}), SeriesValues{});
}

}  // namespace
}  // namespace tallyman
