// PSI, memory.numa_stat, files of one number, cgroup.procs, lists of CPUs.
#include "collectors/kernel/formats/cgroup_text.h"
#include "collectors/kernel/formats/memory_text.h"
#include "collectors/kernel/stats/cgroup_stats.h"
#include "tests/fuzz/properties.h"

using namespace tallyman;
using namespace tallyman::fuzz;

namespace {

constexpr std::uint64_t kPageSize = 4096;

unsigned parse_numa_v2(std::string_view text, std::vector<NumaStats>& out) {
  return formats::parse_numa_stat_v2(text, kPageSize, out);
}

void check_single_values(std::string_view text) {
  const bool ends = text.ends_with('\n');
  const Count expected = ends ? plain_number(text.substr(0, text.size() - 1)) : Count();
  const Count number = formats::parse_number(text);
  require(number == expected, "a number is digits and a newline");
  const bool huge = number && *number >= std::uint64_t{1} << 62U;
  require(formats::parse_limit(text) == (text == "max\n" || huge ? Count(kUnlimited) : number), "limits are numbers");
  require(formats::parse_quota(text) == (text == "-1\n" ? Count(kUnlimited) : number), "quotas are numbers");
}

// Up to a bound: CPU by CPU.
void check_cpu_list(std::string_view text) {
  const Count count = formats::count_cpu_list(text);
  if (!count) {
    return;
  }
  require(text.empty() || text.back() == '\n', "a torn list has no count");
  require(*count <= std::uint64_t{1} << 32U, "no more CPUs than numbers");
  if (*count > 10'000) {
    return;
  }
  std::uint64_t members = 0;
  std::string_view rest = text.empty() ? text : text.substr(0, text.size() - 1);
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view range = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    const std::size_t dash = range.find('-');
    const Count first = plain_number(range.substr(0, dash));
    const Count last = dash == std::string_view::npos ? first : plain_number(range.substr(dash + 1));
    require(first && last, "ranges are numbers");
    for (std::uint64_t cpu = *first; cpu <= *last; ++cpu) {
      ++members;
    }
  }
  require(members == *count, "CPUs are counted one by one");
}

void check_numa(std::string_view text) {
  std::vector<NumaStats> v1;
  formats::parse_numa_stat_v1(text, v1);
  std::vector<NumaStats> v2;
  parse_numa_v2(text, v2);
  const auto known = [](const NumaStats& row) {
    return row.type == "file" || row.type == "anon" || row.type == "unevictable";
  };
  require(std::all_of(v1.begin(), v1.end(), known) && std::all_of(v2.begin(), v2.end(), known), "types are known");
  require(std::all_of(v2.begin(), v2.end(), [](const NumaStats& row) { return row.hierarchical; }),
          "v2 is of the hierarchy");
  std::string again;
  for (const NumaStats& row : v1) {
    again += std::string(row.hierarchical ? "hierarchical_" : "") + row.type + "=1 N" + std::to_string(row.node) + "=" +
             std::to_string(row.pages) + "\n";
  }
  std::vector<NumaStats> back;
  require(formats::parse_numa_stat_v1(again, back) == 0 && same(back, v1), "memory.numa_stat comes back");
}

void check_events(std::string_view text) {
  CgroupEvents events;
  require(formats::parse_cgroup_events(text, events) <= rows_in(text), "a row is a fact or a fault");
  require(formats::parse_freezer_state(text).value_or(0) <= 1, "frozen or not");
}

void check_pids(std::string_view text) {
  std::vector<std::uint32_t> pids;
  const unsigned not_understood = formats::parse_pids(text, pids);
  require(pids.size() + not_understood == rows_in(text), "a row is a process or a fault");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  require_row_rules<PressureStats>(text, formats::parse_pressure, Halves::kContinue);
  require_row_rules<std::vector<NumaStats>>(text, formats::parse_numa_stat_v1, Halves::kConcatenate);
  require_row_rules<std::vector<NumaStats>>(text, parse_numa_v2, Halves::kConcatenate);
  require_row_rules<std::vector<std::uint32_t>>(text, formats::parse_pids, Halves::kConcatenate);
  check_single_values(text);
  check_cpu_list(text);
  check_numa(text);
  check_events(text);
  check_pids(text);
  return 0;
}
