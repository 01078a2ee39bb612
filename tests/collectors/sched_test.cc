#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/model/process_facts.h"
#include "tests/support/observe.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

TEST(SchedCollector, HasRunTimeDelayAndSwitches) {
  ProcessFacts facts;
  facts.run_nsec = 5'000'000'000;
  facts.runqueue_nsec = 70;
  facts.timeslices = 9;
  facts.voluntary_switches = 4;
  facts.involuntary_switches = 0;
  ObservationContext context;
  context.processes = &facts;
  EXPECT_EQ(observe("sched", {}, context),
            (SeriesValues{{"container_cpu_schedstat_run_seconds_total", 5'000'000'000},
                          {"container_cpu_schedstat_runqueue_seconds_total", 70},
                          {"container_cpu_schedstat_run_periods_total", 9},
                          {"container_context_switches_total{type=\"voluntary\"}", 4},
                          {"container_context_switches_total{type=\"involuntary\"}", 0}}));
}

TEST(SchedCollector, HasNoSeriesForWhatIsNotKnown) {
  EXPECT_EQ(observe("sched", {}), SeriesValues{});
  const ProcessFacts facts;
  ObservationContext context;
  context.processes = &facts;
  EXPECT_EQ(observe("sched", {}, context), SeriesValues{});
}

}  // namespace
}  // namespace tallyman
