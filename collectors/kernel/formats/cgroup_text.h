// Formats of cgroup files: Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/*.rst.
// The rules of text_scanner.h hold.
#pragma once

#include "collectors/kernel/stats/count.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace tallyman {
struct CpuStats;
struct LimitStats;
struct PressureStats;
struct CgroupEvents;
}  // namespace tallyman

namespace tallyman::formats {

// "123\n" -> 123. Empty for anything else.
Count parse_number(std::string_view text);
// The same, or kUnlimited for "max\n" (v2) and for values of 2^62 or more (v1
// writes PAGE_COUNTER_MAX, which depends on the page size).
Count parse_limit(std::string_view text);
// "-1\n" -> kUnlimited: cpu.cfs_quota_us.
Count parse_quota(std::string_view text);

// cpu.stat. v2: microseconds; v1: nr_periods, nr_throttled, throttled_time and burst_time
// in nanoseconds. Fills only the fields that have a key in the text.
unsigned parse_cpu_stat_v2(std::string_view text, CpuStats& out);
unsigned parse_cpu_stat_v1(std::string_view text, CpuStats& out);
// cpuacct.stat: user and system in USER_HZ (always 100 per second in user space).
unsigned parse_cpuacct_stat(std::string_view text, CpuStats& out);
// cpuacct.usage_percpu: numbers in one line.
unsigned parse_percpu(std::string_view text, std::vector<std::uint64_t>& out);
// cpu.max: "max 100000\n", "20000 100000\n".
unsigned parse_cpu_max(std::string_view text, LimitStats& out);

// cpu.pressure and friends.
unsigned parse_pressure(std::string_view text, PressureStats& out);

// cgroup.events.
unsigned parse_cgroup_events(std::string_view text, CgroupEvents& out);
// freezer.state (v1): 1 for "FROZEN\n", 0 for "THAWED\n" and "FREEZING\n".
Count parse_freezer_state(std::string_view text);

// "0-3,8\n" -> 5. Empty text or "\n" is no CPUs: 0.
Count count_cpu_list(std::string_view text);
// The same, as the numbers that are listed; empty also if it is no such list.
std::vector<bool> parse_cpu_list(std::string_view text);

}  // namespace tallyman::formats
