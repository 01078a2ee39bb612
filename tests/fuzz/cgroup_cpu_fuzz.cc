// cpu.stat of both versions, cpuacct.stat, cpuacct.usage_percpu, cpu.max.
#include "collectors/kernel/formats/cgroup_text.h"
#include "collectors/kernel/stats/cgroup_stats.h"
#include "tests/fuzz/properties.h"

using namespace tallyman;
using namespace tallyman::fuzz;

namespace {

void check_values(std::string_view text) {
  const std::vector<std::string_view> rows = split_rows(text);
  CpuStats v2;
  formats::parse_cpu_stat_v2(text, v2);
  require(v2.usage_nsec == keyed_value(rows, "usage_usec", 1000), "cpu.stat usage_usec");
  require(v2.user_nsec == keyed_value(rows, "user_usec", 1000), "cpu.stat user_usec");
  require(v2.system_nsec == keyed_value(rows, "system_usec", 1000), "cpu.stat system_usec");
  require(v2.nr_periods == keyed_value(rows, "nr_periods"), "cpu.stat nr_periods");
  require(v2.nr_throttled == keyed_value(rows, "nr_throttled"), "cpu.stat nr_throttled");
  require(v2.throttled_nsec == keyed_value(rows, "throttled_usec", 1000), "cpu.stat throttled_usec");
  require(v2.nr_bursts == keyed_value(rows, "nr_bursts"), "cpu.stat nr_bursts");
  require(v2.burst_nsec == keyed_value(rows, "burst_usec", 1000), "cpu.stat burst_usec");
  CpuStats v1;
  formats::parse_cpu_stat_v1(text, v1);
  require(v1.throttled_nsec == keyed_value(rows, "throttled_time"), "cpu.stat throttled_time");
  require(v1.burst_nsec == keyed_value(rows, "burst_time"), "cpu.stat burst_time");
  CpuStats ticks;
  formats::parse_cpuacct_stat(text, ticks);
  require(ticks.user_nsec == keyed_value(rows, "user", 10'000'000), "cpuacct.stat user");
  require(ticks.system_nsec == keyed_value(rows, "system", 10'000'000), "cpuacct.stat system");
}

void check_percpu(std::string_view text) {
  std::vector<std::uint64_t> cpus;
  formats::parse_percpu(text, cpus);
  std::string again;
  for (const std::uint64_t nsec : cpus) {
    again += std::to_string(nsec) + " ";
  }
  std::vector<std::uint64_t> back;
  require(formats::parse_percpu(again + "\n", back) == 0 && back == cpus, "usage_percpu comes back");
}

void check_cpu_max(std::string_view text) {
  LimitStats limits;
  formats::parse_cpu_max(text, limits);
  require(limits.cpu_quota_usec.has_value() == limits.cpu_period_usec.has_value(), "quota and period come together");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  require_row_rules<CpuStats>(text, formats::parse_cpu_stat_v2, Halves::kContinue);
  require_row_rules<CpuStats>(text, formats::parse_cpu_stat_v1, Halves::kContinue);
  require_row_rules<CpuStats>(text, formats::parse_cpuacct_stat, Halves::kContinue);
  require_row_rules<std::vector<std::uint64_t>>(text, formats::parse_percpu, Halves::kDepend);
  require_row_rules<LimitStats>(text, formats::parse_cpu_max, Halves::kDepend);
  check_values(text);
  check_percpu(text);
  check_cpu_max(text);
  return 0;
}
