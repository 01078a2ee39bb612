#include "collectors/kernel/stats/cgroup_stats.h"
#include "tests/support/observe.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

TEST(PressureCollector, GivesSomeAsWaitingAndFullAsStalled) {
  CgroupStats stats;
  stats.cpu_pressure = {4'429'840, 4'422'240};
  stats.memory_pressure = {3, 2};
  stats.io_pressure = {289, 288};
  stats.irq_pressure = {{}, 5};
  EXPECT_EQ(observe("pressure", stats), (SeriesValues{
                                            {"container_pressure_cpu_waiting_seconds_total", 4'429'840},
                                            {"container_pressure_cpu_stalled_seconds_total", 4'422'240},
                                            {"container_pressure_memory_waiting_seconds_total", 3},
                                            {"container_pressure_memory_stalled_seconds_total", 2},
                                            {"container_pressure_io_waiting_seconds_total", 289},
                                            {"container_pressure_io_stalled_seconds_total", 288},
                                            {"container_pressure_irq_stalled_seconds_total", 5},
                                        }));
}

TEST(PressureCollector, GivesNoFullLineThatTheKernelDoesNotWrite) {
  CgroupStats stats;
  stats.cpu_pressure.some_usec = 9;  // Linux before 5.13 has no "full" in cpu.pressure
  EXPECT_EQ(observe("pressure", stats), (SeriesValues{{"container_pressure_cpu_waiting_seconds_total", 9}}));
}

TEST(PressureCollector, GivesNothingWherePsiIsOff) { EXPECT_EQ(observe("pressure", {}), SeriesValues{}); }

TEST(PressureCollector, CountsInMicroseconds) {
  for (const MetricDefinition& metric : collector_named("pressure").metrics) {
    EXPECT_EQ(metric.scale, Scale::kMicroseconds) << metric.name;
    EXPECT_EQ(metric.type, MetricType::kCounter) << metric.name;
  }
}

}  // namespace
}  // namespace tallyman
