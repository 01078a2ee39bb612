// memory.stat of both versions, memory.events, memory.oom_control.
#include "collectors/kernel/formats/memory_text.h"
#include "collectors/kernel/stats/cgroup_stats.h"
#include "tests/fuzz/properties.h"

#include <algorithm>
#include <string>

using namespace tallyman;
using namespace tallyman::fuzz;

namespace {

struct Key {
  const char* name;
  Count MemoryStats::*field;
};

constexpr Key kV2[] = {{"anon", &MemoryStats::anon},
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

constexpr Key kV1[] = {{"total_rss", &MemoryStats::anon},
                       {"total_cache", &MemoryStats::file},
                       {"total_shmem", &MemoryStats::shmem},
                       {"total_swap", &MemoryStats::swap_current},
                       {"total_mapped_file", &MemoryStats::file_mapped},
                       {"total_dirty", &MemoryStats::file_dirty},
                       {"total_writeback", &MemoryStats::file_writeback},
                       {"total_inactive_file", &MemoryStats::inactive_file},
                       {"total_active_file", &MemoryStats::active_file},
                       {"total_pgfault", &MemoryStats::pgfault},
                       {"total_pgmajfault", &MemoryStats::pgmajfault},
                       {"pgfault", &MemoryStats::pgfault_local},
                       {"pgmajfault", &MemoryStats::pgmajfault_local},
                       {"total_workingset_refault_anon", &MemoryStats::workingset_refault_anon},
                       {"total_workingset_refault_file", &MemoryStats::workingset_refault_file}};

// Those whose value did not fall below zero.
std::vector<std::string_view> rows_with_measurements(std::string_view text) {
  std::vector<std::string_view> rows = split_rows(text);
  std::erase_if(rows, [](std::string_view row) {
    const Count value = plain_number(row.substr(std::min(row.find(' '), row.size() - 1) + 1));
    return value && *value >= std::uint64_t{1} << 63U;
  });
  return rows;
}

template <class Parse, std::size_t N>
void check_values(std::string_view text, Parse parse, const Key (&keys)[N], std::string_view old_refaults) {
  const std::vector<std::string_view> rows = rows_with_measurements(text);
  MemoryStats expected;
  for (const Key& key : keys) {
    expected.*key.field = keyed_value(rows, key.name);
  }
  // Two names of one thing: before Linux 5.9 there was but one kind of refaults.
  expected.workingset_refault_file.reset();
  for (const std::string_view row : rows) {
    for (const std::string& name : {std::string(old_refaults), std::string(old_refaults) + "_file"}) {
      const Count value = keyed_value({row}, name);
      expected.workingset_refault_file = value ? value : expected.workingset_refault_file;
    }
  }
  MemoryStats found;
  parse(text, found);
  require(same(found, expected), "memory.stat gives each key's last good value and nothing else");
}

void check_events(std::string_view text) {
  const std::vector<std::string_view> rows = split_rows(text);
  MemoryEvents expected;
  expected.oom_kill = keyed_value(rows, "oom_kill");
  MemoryEvents found;
  formats::parse_oom_control(text, found);
  require(same(found, expected), "memory.oom_control gives oom_kill");
  expected.low = keyed_value(rows, "low");
  expected.high = keyed_value(rows, "high");
  expected.max = keyed_value(rows, "max");
  expected.oom = keyed_value(rows, "oom");
  formats::parse_memory_events(text, found);
  require(same(found, expected), "memory.events gives each key's last good value");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  require_row_rules<MemoryStats>(text, formats::parse_memory_stat_v2, Halves::kContinue);
  require_row_rules<MemoryStats>(text, formats::parse_memory_stat_v1, Halves::kContinue);
  require_row_rules<MemoryEvents>(text, formats::parse_memory_events, Halves::kContinue);
  require_row_rules<MemoryEvents>(text, formats::parse_oom_control, Halves::kContinue);
  check_values(text, formats::parse_memory_stat_v2, kV2, "workingset_refault");
  check_values(text, formats::parse_memory_stat_v1, kV1, "total_workingset_refault");
  check_events(text);
  return 0;
}
