#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/model/process_facts.h"
#include "tests/support/observe.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

TEST(TasksCollector, HasThreadsByState) {
  ProcessFacts facts;
  facts.tasks = TaskStates{4, 3, 2, 1};
  ObservationContext context;
  context.processes = &facts;
  EXPECT_EQ(observe("tasks", {}, context), (SeriesValues{{"container_tasks_state{state=\"sleeping\"}", 4},
                                                         {"container_tasks_state{state=\"running\"}", 3},
                                                         {"container_tasks_state{state=\"stopped\"}", 2},
                                                         {"container_tasks_state{state=\"uninterruptible\"}", 1}}));
}

TEST(TasksCollector, HasNoSeriesWhereThreadsAreNotRead) {
  const ProcessFacts facts;
  ObservationContext context;
  context.processes = &facts;
  EXPECT_EQ(observe("tasks", {}), SeriesValues{});
  EXPECT_EQ(observe("tasks", {}, context), SeriesValues{});
}

}  // namespace
}  // namespace tallyman
