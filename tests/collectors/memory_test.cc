#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/stats/host_stats.h"
#include "tests/support/observe.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

TEST(MemoryCollector, GivesEachPartUnderItsName) {
  CgroupStats stats;
  MemoryStats& memory = stats.memory;
  memory.current = 1'000;
  memory.peak = 2'000;
  memory.swap_current = 3;
  memory.anon = 4;
  memory.file = 5;
  memory.kernel = 6;
  memory.shmem = 7;
  memory.sock = 8;
  memory.file_mapped = 9;
  memory.file_dirty = 10;
  memory.file_writeback = 11;
  memory.inactive_file = 12;
  memory.active_file = 13;
  memory.slab_reclaimable = 14;
  memory.slab_unreclaimable = 15;
  memory.pgscan = 16;
  memory.pgsteal = 17;
  memory.workingset_refault_anon = 18;
  memory.workingset_refault_file = 19;
  stats.memory_events.high = 20;
  stats.memory_events.max = 21;
  stats.memory_events.failcnt = 22;
  stats.memory_events.oom_kill = 23;  // of the oom collector
  EXPECT_EQ(observe("memory", stats), (SeriesValues{
                                          {"container_memory_usage_bytes", 1'000},
                                          {"container_memory_working_set_bytes", 988},
                                          {"container_memory_rss", 4},
                                          {"container_memory_cache", 5},
                                          {"container_memory_swap", 3},
                                          {"container_memory_max_usage_bytes", 2'000},
                                          {"container_memory_mapped_file", 9},
                                          {"container_memory_kernel_usage", 6},
                                          {"container_memory_failcnt", 22},
                                          {"container_memory_total_active_file_bytes", 13},
                                          {"container_memory_total_inactive_file_bytes", 12},
                                          {"container_memory_events_high_total", 20},
                                          {"container_memory_events_max_total", 21},
                                          {"container_memory_file_dirty_bytes", 10},
                                          {"container_memory_file_writeback_bytes", 11},
                                          {"container_memory_pgscan_total", 16},
                                          {"container_memory_pgsteal_total", 17},
                                          {"container_memory_workingset_refault_file_total", 19},
                                          {"container_memory_workingset_refault_anon_total", 18},
                                          {"container_memory_shmem_bytes", 7},
                                          {"container_memory_sock_bytes", 8},
                                          {"container_memory_slab_reclaimable_bytes", 14},
                                          {"container_memory_slab_unreclaimable_bytes", 15},
                                      }));
}

TEST(MemoryCollector, GivesNothingWhereTheKernelGivesNothing) { EXPECT_EQ(observe("memory", {}), SeriesValues{}); }

TEST(MemoryCollector, NeverLetsTheWorkingSetFallBelowZero) {
  CgroupStats stats;
  stats.memory.current = 4'096;
  stats.memory.inactive_file = 8'192;  // the two files are read one after the other
  EXPECT_EQ(observe("memory", stats).at("container_memory_working_set_bytes"), 0U);
  stats.memory.inactive_file = 4'096;
  EXPECT_EQ(observe("memory", stats).at("container_memory_working_set_bytes"), 0U);
  stats.memory.inactive_file = 4'095;
  EXPECT_EQ(observe("memory", stats).at("container_memory_working_set_bytes"), 1U);
}

TEST(MemoryCollector, GivesNoWorkingSetWithoutBothOfItsParts) {
  CgroupStats stats;
  stats.memory.current = 4'096;
  EXPECT_EQ(observe("memory", stats), (SeriesValues{{"container_memory_usage_bytes", 4'096}}));
  stats.memory.current.reset();
  stats.memory.inactive_file = 1;
  EXPECT_EQ(observe("memory", stats), (SeriesValues{{"container_memory_total_inactive_file_bytes", 1}}));
}

TEST(MemoryCollector, SeparatesFaultsOfTheCgroupFromThoseOfItsDescendants) {
  CgroupStats stats;
  stats.memory.pgfault = 100;
  stats.memory.pgfault_local = 60;
  stats.memory.pgmajfault = 7;
  stats.memory.pgmajfault_local = 0;
  EXPECT_EQ(observe("memory", stats),
            (SeriesValues{
                {"container_memory_failures_total{failure_type=\"pgfault\",scope=\"container\"}", 60},
                {"container_memory_failures_total{failure_type=\"pgfault\",scope=\"hierarchy\"}", 100},
                {"container_memory_failures_total{failure_type=\"pgmajfault\",scope=\"container\"}", 0},
                {"container_memory_failures_total{failure_type=\"pgmajfault\",scope=\"hierarchy\"}", 7},
            }));
}

TEST(MemoryCollector, GivesBothScopesTheOneFigureThatV2Has) {
  CgroupStats stats;
  stats.memory.pgfault = 42;
  EXPECT_EQ(observe("memory", stats),
            (SeriesValues{
                {"container_memory_failures_total{failure_type=\"pgfault\",scope=\"container\"}", 42},
                {"container_memory_failures_total{failure_type=\"pgfault\",scope=\"hierarchy\"}", 42},
            }));
}

TEST(MemoryCollector, TakesTheHostsSwapFromMeminfoWhereTheRootCgroupHasNone) {
  HostStats host;
  host.memory.swap_total = 1'000;
  host.memory.swap_free = 400;
  ObservationContext context;
  context.host = &host;
  EXPECT_EQ(observe("memory", {}, context), (SeriesValues{{"container_memory_swap", 600}}));

  CgroupStats stats;
  stats.memory.swap_current = 5;
  EXPECT_EQ(observe("memory", stats, context).at("container_memory_swap"), 5U) << "the cgroup's own figure goes first";

  host.memory.swap_free = 1'001;
  EXPECT_EQ(observe("memory", {}, context), SeriesValues{}) << "more free than there is: no figure";
  host.memory.swap_free.reset();
  EXPECT_EQ(observe("memory", {}, context), SeriesValues{});
}

}  // namespace
}  // namespace tallyman
