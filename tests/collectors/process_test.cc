#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/model/process_facts.h"
#include "tests/support/observe.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

ObservationContext context(const ProcessFacts& facts, WorkloadKind kind = WorkloadKind::kContainer) {
  ObservationContext context;
  context.workload.kind = kind;
  context.processes = &facts;
  return context;
}

TEST(ProcessCollector, CountsProcessesFilesAndSockets) {
  ProcessFacts facts;
  facts.processes = 3;
  facts.open_files = 40;
  facts.sockets = 7;
  facts.open_files_limit = 1024;
  EXPECT_EQ(observe("process", {}, context(facts)),
            (SeriesValues{{"container_processes", 3},
                          {"container_file_descriptors", 40},
                          {"container_sockets", 7},
                          {"container_ulimits_soft{ulimit=\"max_open_files\"}", 1024}}));
}

TEST(ProcessCollector, HasNoSeriesForWhatIsNotKnown) {
  EXPECT_EQ(observe("process", {}), SeriesValues{});
  ProcessFacts facts;
  facts.processes = 0;
  facts.open_files_limit = kUnlimited;
  EXPECT_EQ(observe("process", {}, context(facts)), (SeriesValues{{"container_processes", 0}}));
}

TEST(ProcessCollector, HasTheProportionalSetSizeOfBareProcessesAlone) {
  ProcessFacts facts;
  facts.pss_bytes = 4096;
  EXPECT_EQ(observe("process", {}, context(facts)), SeriesValues{});
  EXPECT_EQ(observe("process", {}, context(facts, WorkloadKind::kProcess)),
            (SeriesValues{{"container_memory_pss_bytes", 4096}}));
}

}  // namespace
}  // namespace tallyman
