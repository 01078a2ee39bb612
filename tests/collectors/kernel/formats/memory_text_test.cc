#include "collectors/kernel/formats/memory_text.h"

#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/stats/count.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

namespace tallyman::formats {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// The root of a hybrid host, Linux 6.18.
constexpr std::string_view kMemoryStatV1 =
    "cache 13660160\nrss 12144640\nrss_huge 0\nshmem 13082624\nmapped_file 10088448\ndirty 16384\n"
    "writeback 0\nworkingset_refault_anon 0\nworkingset_refault_file 912\nswap 0\nswapcached 0\npgpgin 99502\n"
    "pgpgout 93202\npgfault 183348\npgmajfault 1\ninactive_anon 0\nactive_anon 1531904\ninactive_file 20480\n"
    "active_file 557056\nunevictable 23695360\nhierarchical_memory_limit 9223372036854771712\n"
    "hierarchical_memsw_limit 9223372036854771712\ntotal_cache 1427902464\ntotal_rss 1106714624\n"
    "total_rss_huge 0\ntotal_shmem 13185024\ntotal_mapped_file 158687232\ntotal_dirty 1101824\n"
    "total_writeback 0\ntotal_workingset_refault_anon 0\ntotal_workingset_refault_file 528992\ntotal_swap 0\n"
    "total_swapcached 0\ntotal_pgpgin 20027978\ntotal_pgpgout 19500700\ntotal_pgfault 23600170\n"
    "total_pgmajfault 3202\ntotal_inactive_anon 1091944448\ntotal_active_anon 4243456\n"
    "total_inactive_file 821764096\ntotal_active_file 592949248\ntotal_unevictable 23695360\n";

// A container that filled a tmpfs, Linux 6.1.
constexpr std::string_view kMemoryStat61 =
    "anon 1089536\nfile 36601856\nkernel 167936\nkernel_stack 16384\npagetables 28672\nsec_pagetables 0\n"
    "percpu 0\nsock 0\nvmalloc 0\nshmem 36601856\nfile_mapped 0\nfile_dirty 0\nfile_writeback 0\n"
    "swapcached 0\nanon_thp 0\nfile_thp 0\nshmem_thp 0\ninactive_anon 37691392\nactive_anon 0\n"
    "inactive_file 0\nactive_file 0\nunevictable 0\nslab_reclaimable 83080\nslab_unreclaimable 15400\n"
    "slab 98480\nworkingset_refault_anon 0\nworkingset_refault_file 0\nworkingset_activate_anon 0\n"
    "workingset_activate_file 0\nworkingset_restore_anon 0\nworkingset_restore_file 0\n"
    "workingset_nodereclaim 0\npgscan 0\npgsteal 0\npgscan_kswapd 0\npgscan_direct 0\npgsteal_kswapd 0\n"
    "pgsteal_direct 0\npgfault 289\npgmajfault 0\npgrefill 0\npgactivate 0\npgdeactivate 0\npglazyfree 0\n"
    "pglazyfreed 0\nthp_fault_alloc 0\nthp_collapse_alloc 0\n";

// The slice of three containers, Linux 6.12.
constexpr std::string_view kMemoryStat612 =
    "anon 1196032\nfile 36585472\nkernel 303104\nkernel_stack 16384\npagetables 118784\nsec_pagetables 0\n"
    "percpu 9264\nsock 0\nvmalloc 0\nshmem 36585472\nfile_mapped 0\nfile_dirty 0\nfile_writeback 0\n"
    "swapcached 0\nanon_thp 0\nfile_thp 0\nshmem_thp 0\ninactive_anon 0\nactive_anon 37781504\n"
    "inactive_file 0\nactive_file 0\nunevictable 0\nslab_reclaimable 86728\nslab_unreclaimable 37000\n"
    "slab 123728\nworkingset_refault_anon 0\nworkingset_refault_file 0\nworkingset_activate_anon 0\n"
    "workingset_activate_file 0\nworkingset_restore_anon 0\nworkingset_restore_file 0\n"
    "workingset_nodereclaim 0\npgdemote_kswapd 0\npgdemote_direct 0\npgdemote_khugepaged 0\n"
    "pgpromote_success 0\npgscan 0\npgsteal 0\npgscan_kswapd 0\npgscan_direct 0\npgscan_khugepaged 0\n"
    "pgsteal_kswapd 0\npgsteal_direct 0\npgsteal_khugepaged 0\npgfault 373\npgmajfault 0\npgrefill 0\n"
    "pgactivate 0\npgdeactivate 0\npglazyfree 0\npglazyfreed 0\nswpin_zero 0\nswpout_zero 0\n"
    "thp_fault_alloc 0\nthp_collapse_alloc 0\nthp_swpout 0\nthp_swpout_fallback 0\nnuma_pages_migrated 0\n"
    "numa_pte_updates 0\nnuma_hint_faults 0\n";

std::vector<Count> values(const MemoryStats& stats) {
  return {stats.current,
          stats.peak,
          stats.swap_current,
          stats.anon,
          stats.file,
          stats.kernel,
          stats.shmem,
          stats.sock,
          stats.file_mapped,
          stats.file_dirty,
          stats.file_writeback,
          stats.inactive_file,
          stats.active_file,
          stats.slab_reclaimable,
          stats.slab_unreclaimable,
          stats.pgfault,
          stats.pgmajfault,
          stats.pgfault_local,
          stats.pgmajfault_local,
          stats.pgscan,
          stats.pgsteal,
          stats.workingset_refault_anon,
          stats.workingset_refault_file};
}

using MemoryParser = unsigned (*)(std::string_view, MemoryStats&);

void expect_no_prefix_gives_a_wrong_number(MemoryParser parse, std::string_view text) {
  MemoryStats whole;
  ASSERT_EQ(parse(text, whole), 0U);
  const std::vector<Count> truth = values(whole);
  for (std::size_t length = 0; length < text.size(); ++length) {
    MemoryStats part;
    const std::string copy(text.substr(0, length));  // so that a sanitizer sees a read past the end
    const unsigned not_understood = parse(copy, part);
    EXPECT_EQ(not_understood, copy.empty() || copy.back() == '\n' ? 0U : 1U) << length;
    const std::vector<Count> found = values(part);
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_TRUE(!found[i] || found[i] == truth[i]) << "value " << i << " of the first " << length << " bytes";
    }
  }
}

TEST(MemoryStatV1, GivesTheHierarchyAndTheFaultsOfTheCgroupAlone) {
  MemoryStats stats;
  EXPECT_EQ(parse_memory_stat_v1(kMemoryStatV1, stats), 0U);
  EXPECT_EQ(stats.file, 1427902464U);
  EXPECT_EQ(stats.anon, 1106714624U);
  EXPECT_EQ(stats.shmem, 13185024U);
  EXPECT_EQ(stats.file_mapped, 158687232U);
  EXPECT_EQ(stats.file_dirty, 1101824U);
  EXPECT_EQ(stats.file_writeback, 0U);
  EXPECT_EQ(stats.workingset_refault_anon, 0U);
  EXPECT_EQ(stats.workingset_refault_file, 528992U);
  EXPECT_EQ(stats.swap_current, 0U);
  EXPECT_EQ(stats.inactive_file, 821764096U);
  EXPECT_EQ(stats.active_file, 592949248U);
  EXPECT_EQ(stats.pgfault, 23600170U);
  EXPECT_EQ(stats.pgmajfault, 3202U);
  EXPECT_EQ(stats.pgfault_local, 183348U);
  EXPECT_EQ(stats.pgmajfault_local, 1U);
}

TEST(MemoryStatV1, HasNoneOfWhatOnlyV2Gives) {
  MemoryStats stats;
  EXPECT_EQ(parse_memory_stat_v1(kMemoryStatV1, stats), 0U);
  EXPECT_EQ(stats.current, Count());
  EXPECT_EQ(stats.kernel, Count());
  EXPECT_EQ(stats.sock, Count());
  EXPECT_EQ(stats.slab_reclaimable, Count());
  EXPECT_EQ(stats.pgscan, Count());
}

TEST(MemoryStatV1, NeverTakesThePlainKeyForTheHierarchy) {
  MemoryStats stats;
  EXPECT_EQ(parse_memory_stat_v1("cache 1\nrss 2\nswap 3\npgfault 4\ntotal_rss 5\n", stats), 0U);
  EXPECT_EQ(stats.file, Count());
  EXPECT_EQ(stats.swap_current, Count());
  EXPECT_EQ(stats.pgfault, Count());
  EXPECT_EQ(stats.pgfault_local, 4U);
  EXPECT_EQ(stats.anon, 5U);
}

TEST(MemoryStatV1, OfAPrefixHasNoWrongNumber) {
  expect_no_prefix_gives_a_wrong_number(parse_memory_stat_v1, kMemoryStatV1);
}

TEST(MemoryStatV2, OfLinux61IsUnderstood) {
  MemoryStats stats;
  EXPECT_EQ(parse_memory_stat_v2(kMemoryStat61, stats), 0U);
  EXPECT_EQ(stats.anon, 1089536U);
  EXPECT_EQ(stats.file, 36601856U);
  EXPECT_EQ(stats.kernel, 167936U);
  EXPECT_EQ(stats.shmem, 36601856U);
  EXPECT_EQ(stats.sock, 0U);
  EXPECT_EQ(stats.slab_reclaimable, 83080U);
  EXPECT_EQ(stats.slab_unreclaimable, 15400U);
  EXPECT_EQ(stats.pgfault, 289U);
  EXPECT_EQ(stats.pgmajfault, 0U);
  EXPECT_EQ(stats.pgscan, 0U);
  EXPECT_EQ(stats.pgsteal, 0U);
  EXPECT_EQ(stats.swap_current, Count());
  EXPECT_EQ(stats.pgfault_local, Count()) << "v2 does not separate them";
}

TEST(MemoryStatV2, OfLinux612IsUnderstood) {
  MemoryStats stats;
  EXPECT_EQ(parse_memory_stat_v2(kMemoryStat612, stats), 0U);
  EXPECT_EQ(stats.anon, 1196032U);
  EXPECT_EQ(stats.file, 36585472U);
  EXPECT_EQ(stats.kernel, 303104U);
  EXPECT_EQ(stats.pgfault, 373U);
}

TEST(MemoryStatV2, DistinguishesEveryWantedKeyFromItsNeighbours) {
  const std::vector<std::pair<std::string, Count MemoryStats::*>> wanted = {
      {"anon", &MemoryStats::anon},
      {"file", &MemoryStats::file},
      {"kernel", &MemoryStats::kernel},
      {"shmem", &MemoryStats::shmem},
      {"sock", &MemoryStats::sock},
      {"file_mapped", &MemoryStats::file_mapped},
      {"file_dirty", &MemoryStats::file_dirty},
      {"file_writeback", &MemoryStats::file_writeback},
      {"inactive_file", &MemoryStats::inactive_file},
      {"active_file", &MemoryStats::active_file},
      {"slab_reclaimable", &MemoryStats::slab_reclaimable},
      {"slab_unreclaimable", &MemoryStats::slab_unreclaimable},
      {"pgfault", &MemoryStats::pgfault},
      {"pgmajfault", &MemoryStats::pgmajfault},
      {"pgscan", &MemoryStats::pgscan},
      {"pgsteal", &MemoryStats::pgsteal},
      {"workingset_refault_anon", &MemoryStats::workingset_refault_anon},
      {"workingset_refault_file", &MemoryStats::workingset_refault_file}};
  for (const auto& [key, field] : wanted) {
    MemoryStats stats;
    std::string text;
    for (std::size_t i = 0; i < key.size(); ++i) {  // one letter changed: all of the same length
      std::string neighbour = key;
      neighbour[i] = '#';
      text += neighbour + " 666\n";
    }
    text += key + " 42\n" + key + "s 667\n" + key.substr(1) + " 668\n";
    EXPECT_EQ(parse_memory_stat_v2(text, stats), 0U);
    EXPECT_EQ(stats.*field, 42U) << key;
    unsigned filled = 0;
    for (const Count& value : values(stats)) {
      filled += value ? 1U : 0U;
    }
    EXPECT_EQ(filled, 1U) << key;
  }
}

TEST(MemoryStat, HasNoValueForAGaugeThatFellBelowZero) {
  for (const auto parse : {parse_memory_stat_v2, parse_memory_stat_v1}) {
    MemoryStats stats;
    EXPECT_EQ(parse("anon 18446744073709547520\nfile 9223372036854775808\nshmem 9223372036854775807\n"
                    "total_rss 18446744073709547520\ntotal_cache 9223372036854775808\n"
                    "total_shmem 9223372036854775807\n",
                    stats),
              0U);
    EXPECT_EQ(stats.anon, Count());
    EXPECT_EQ(stats.file, Count());
    EXPECT_EQ(stats.shmem, 9223372036854775807U);
  }
  MemoryStats stats;
  EXPECT_EQ(parse_memory_stat_v2("sock 18446744073709551616\n", stats), 1U) << "no number of the kernel's";
}

TEST(MemoryStat, TakesRefaultsOfFilesBeforeLinux59) {
  MemoryStats v1, v2;
  EXPECT_EQ(parse_memory_stat_v2("workingset_refault 445896\nworkingset_activate 3\n", v2), 0U);
  EXPECT_EQ(parse_memory_stat_v1("workingset_refault 1\ntotal_workingset_refault 7\n", v1), 0U);
  EXPECT_EQ(v2.workingset_refault_file, 445896U);
  EXPECT_EQ(v1.workingset_refault_file, 7U);
  EXPECT_EQ(v2.workingset_refault_anon, Count());
}

TEST(MemoryStatV2, CountsRowsThatAreNoKeyAndValue) {
  MemoryStats stats;
  EXPECT_EQ(parse_memory_stat_v2("<html>\n\n file 1\nanon  2\nanon 2 3\nanon\nsock 4\n", stats), 6U);
  EXPECT_EQ(stats.file, Count());
  EXPECT_EQ(stats.anon, Count());
  EXPECT_EQ(stats.sock, 4U);
}

TEST(MemoryStatV2, OfAPrefixHasNoWrongNumber) {
  expect_no_prefix_gives_a_wrong_number(parse_memory_stat_v2, kMemoryStat61);
  expect_no_prefix_gives_a_wrong_number(parse_memory_stat_v2, kMemoryStat612);
}

TEST(MemoryEventsFile, GivesEachCount) {
  MemoryEvents events;
  EXPECT_EQ(parse_memory_events("low 1\nhigh 137\nmax 3\noom 4\noom_kill 5\noom_group_kill 6\n", events), 0U);
  EXPECT_EQ(events.low, 1U);
  EXPECT_EQ(events.high, 137U);
  EXPECT_EQ(events.max, 3U);
  EXPECT_EQ(events.oom, 4U);
  EXPECT_EQ(events.oom_kill, 5U);
  EXPECT_EQ(events.failcnt, Count());
}

TEST(OomControl, GivesKillsWhereTheKernelCountsThem) {
  MemoryEvents events;
  EXPECT_EQ(parse_oom_control("oom_kill_disable 0\nunder_oom 0\noom_kill 2\n", events), 0U);
  EXPECT_EQ(events.oom_kill, 2U);
  EXPECT_EQ(events.oom, Count());
  MemoryEvents old_kernel;
  EXPECT_EQ(parse_oom_control("oom_kill_disable 0\nunder_oom 0\n", old_kernel), 0U);
  EXPECT_EQ(old_kernel.oom_kill, Count());
}

using NumaRow = std::tuple<std::string, bool, std::uint32_t, std::uint64_t>;

std::vector<NumaRow> rows_of(const std::vector<NumaStats>& stats) {
  std::vector<NumaRow> rows;
  for (const NumaStats& one : stats) {
    rows.emplace_back(one.type, one.hierarchical, one.node, one.pages);
  }
  return rows;
}

TEST(NumaStatV1, GivesPagesOfTheCgroupAndOfTheHierarchy) {
  std::vector<NumaStats> stats;
  const std::string_view text =
      "total=142 N0=130 N1=12\nfile=127 N0=127 N1=0\nanon=15 N0=3 N1=12\nunevictable=0 N0=0 N1=0\n"
      "hierarchical_total=142 N0=142\nhierarchical_file=128 N0=128\nhierarchical_anon=15 N0=15\n"
      "hierarchical_unevictable=1 N0=1\n";
  EXPECT_EQ(parse_numa_stat_v1(text, stats), 0U);
  EXPECT_THAT(rows_of(stats),
              ElementsAre(NumaRow("file", false, 0, 127), NumaRow("file", false, 1, 0), NumaRow("anon", false, 0, 3),
                          NumaRow("anon", false, 1, 12), NumaRow("unevictable", false, 0, 0),
                          NumaRow("unevictable", false, 1, 0), NumaRow("file", true, 0, 128),
                          NumaRow("anon", true, 0, 15), NumaRow("unevictable", true, 0, 1)));
}

TEST(NumaStat, IgnoresRowsOfAnotherForm) {
  std::vector<NumaStats> stats;
  EXPECT_EQ(parse_numa_stat_v1("file=1 N0=1\nnuma_locality 0 0 0 0\nnuma_exectime 0\n", stats), 0U);
  EXPECT_THAT(rows_of(stats), ElementsAre(NumaRow("file", false, 0, 1)));
  EXPECT_EQ(parse_numa_stat_v2("file N0=4096\nnuma_locality 0 0\nother=1 N0=1\n", 4096, stats), 0U);
  EXPECT_THAT(rows_of(stats), ElementsAre(NumaRow("file", true, 0, 1)));
}

TEST(NumaStatV1, DropsTheWholeRowOfABadNode) {
  std::vector<NumaStats> stats;
  EXPECT_EQ(parse_numa_stat_v1("file=3 N0=1 N1=x\nanon=1 N0=1 M1=0\nunevictable=2 N0=2\nfile 3 N0=3\n", stats), 3U);
  EXPECT_THAT(rows_of(stats), ElementsAre(NumaRow("unevictable", false, 0, 2)));
}

TEST(NumaStatV2, TurnsBytesIntoPagesOfTheHierarchy) {
  std::vector<NumaStats> stats;
  const std::string_view text = "anon N0=1196032 N1=4096\nfile N0=36585472\nkernel_stack N0=16384\nunevictable N0=0\n";
  EXPECT_EQ(parse_numa_stat_v2(text, 4096, stats), 0U);
  EXPECT_THAT(rows_of(stats), ElementsAre(NumaRow("anon", true, 0, 292), NumaRow("anon", true, 1, 1),
                                          NumaRow("file", true, 0, 8932), NumaRow("unevictable", true, 0, 0)));
  EXPECT_EQ(parse_numa_stat_v2(text, 65536, stats), 0U);
  EXPECT_EQ(stats[0].pages, 18U);
  EXPECT_EQ(parse_numa_stat_v2(text, 0, stats), 4U) << "no page size, no pages";
  EXPECT_THAT(stats, IsEmpty());
}

TEST(NumaStatV2, DoesNotPassForV1NorTheOtherWayRound) {
  std::vector<NumaStats> stats;
  EXPECT_EQ(parse_numa_stat_v2("file=127 N0=127\n", 4096, stats), 1U);
  EXPECT_THAT(stats, IsEmpty());
  EXPECT_EQ(parse_numa_stat_v1("file N0=4096\n", stats), 1U);
  EXPECT_THAT(stats, IsEmpty());
}

}  // namespace
}  // namespace tallyman::formats
