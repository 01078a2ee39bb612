// The rules that text_scanner.h sets for every parser, tried on every parser.
#include "collectors/kernel/formats/cgroup_text.h"
#include "collectors/kernel/formats/io_text.h"
#include "collectors/kernel/formats/memory_text.h"
#include "collectors/kernel/formats/proc_text.h"
#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/stats/host_stats.h"
#include "collectors/kernel/stats/network_stats.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman::formats {
namespace {

struct Outcome {
  Count value;
  unsigned not_understood = 0;
};

struct RuleCase {
  std::string name;
  std::string row;  // complete except for the newline; '@' stands for the number
  std::uint64_t scale;
  std::function<Outcome(std::string_view)> parse;
};

void PrintTo(const RuleCase& rule, std::ostream* out) { *out << rule.name; }

template <class Stats>
auto field_of(unsigned (*parse)(std::string_view, Stats&), Count Stats::*field) {
  return [=](std::string_view text) {
    Stats stats;
    const unsigned not_understood = parse(text, stats);
    return Outcome{stats.*field, not_understood};
  };
}

template <class Row, class Member>
auto first_row(unsigned (*parse)(std::string_view, std::vector<Row>&), Member Row::*field) {
  return [=](std::string_view text) {
    std::vector<Row> rows;
    const unsigned not_understood = parse(text, rows);
    return Outcome{rows.empty() ? Count() : Count(rows[0].*field), not_understood};
  };
}

auto first_number(unsigned (*parse)(std::string_view, std::vector<std::uint64_t>&)) {
  return [=](std::string_view text) {
    std::vector<std::uint64_t> rows;
    const unsigned not_understood = parse(text, rows);
    return Outcome{rows.empty() ? Count() : Count(rows[0]), not_understood};
  };
}

auto only_value(Count (*parse)(std::string_view)) {
  return [=](std::string_view text) {
    const Count value = parse(text);
    return Outcome{value, value ? 0U : 1U};
  };
}

unsigned blkio_bytes(std::string_view text, std::vector<IoDeviceStats>& out) {
  return parse_blkio(text, BlkioFile::kBytes, out);
}

unsigned blkio_operations(std::string_view text, std::vector<IoDeviceStats>& out) {
  return parse_blkio(text, BlkioFile::kOperations, out);
}

unsigned numa_v2(std::string_view text, std::vector<NumaStats>& out) { return parse_numa_stat_v2(text, 1, out); }

std::vector<RuleCase> rule_cases() {
  return {
      {"number", "@", 1, only_value(parse_number)},
      {"limit", "@", 1, only_value(parse_limit)},
      {"quota", "@", 1, only_value(parse_quota)},
      {"cpu_list", "0-@", 1, only_value([](std::string_view text) -> Count {
         const Count count = count_cpu_list(text);
         return count ? Count(*count - 1) : count;
       })},
      {"cpu_stat_v2", "usage_usec @", 1000, field_of(parse_cpu_stat_v2, &CpuStats::usage_nsec)},
      {"cpu_stat_v2_periods", "nr_periods @", 1, field_of(parse_cpu_stat_v2, &CpuStats::nr_periods)},
      {"cpu_stat_v1", "throttled_time @", 1, field_of(parse_cpu_stat_v1, &CpuStats::throttled_nsec)},
      {"cpuacct_stat", "user @", 10'000'000, field_of(parse_cpuacct_stat, &CpuStats::user_nsec)},
      {"percpu", "@ 7 ", 1, first_number(parse_percpu)},
      {"cpu_max_quota", "@ 100000", 1, field_of(parse_cpu_max, &LimitStats::cpu_quota_usec)},
      {"cpu_max_period", "max @", 1, field_of(parse_cpu_max, &LimitStats::cpu_period_usec)},
      {"memory_stat_v2", "anon @", 1, field_of(parse_memory_stat_v2, &MemoryStats::anon)},
      {"memory_stat_v1", "total_rss @", 1, field_of(parse_memory_stat_v1, &MemoryStats::anon)},
      {"memory_events", "oom_kill @", 1, field_of(parse_memory_events, &MemoryEvents::oom_kill)},
      {"oom_control", "oom_kill @", 1, field_of(parse_oom_control, &MemoryEvents::oom_kill)},
      {"io_stat", "254:0 rbytes=@ wbytes=1", 1, first_row(parse_io_stat, &IoDeviceStats::rbytes)},
      {"io_stat_device", "@:0 rbytes=1", 1, first_row(parse_io_stat, &IoDeviceStats::major)},
      {"blkio_bytes", "254:0 Read @", 1, first_row(blkio_bytes, &IoDeviceStats::rbytes)},
      {"blkio_operations", "254:0 Discard @", 1, first_row(blkio_operations, &IoDeviceStats::dios)},
      {"pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=@", 1,
       field_of(parse_pressure, &PressureStats::some_usec)},
      {"numa_v1", "file=42 N0=@", 1, first_row(parse_numa_stat_v1, &NumaStats::pages)},
      {"numa_v1_sum", "file=@ N0=42", 1, first_row(parse_numa_stat_v1, &NumaStats::pages)},
      {"numa_v2", "file N0=1 N@=1", 1,
       [](std::string_view text) {
         std::vector<NumaStats> rows;
         const unsigned not_understood = numa_v2(text, rows);
         return Outcome{rows.size() < 2 ? Count() : Count(rows[1].node), not_understood};
       }},
      {"net_dev", "eth0: 1 2 3 4 5 6 7 8 @ 10 11 12 13 14 15 16", 1,
       first_row(parse_net_dev, &InterfaceStats::tx_bytes)},
      {"diskstats", "254 0 vda 1 2 3 4 5 6 7 8 9 @ 11", 1, first_row(parse_diskstats, &DiskStats::io_msec)},
      {"meminfo", "MemTotal:  @ kB", 1024, field_of(parse_meminfo, &MemInfo::total)},
      {"pid_start", "7 (sh) S 1 7 7 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 @ 19 20", 1,
       only_value(parse_pid_start_ticks)},
      {"boot_time", "btime @", 1, only_value(parse_boot_time)},
      {"pids", "@", 1,
       [](std::string_view text) {
         std::vector<std::uint32_t> pids;
         const unsigned not_understood = parse_pids(text, pids);
         return Outcome{pids.empty() ? Count() : Count(pids[0]), not_understood};
       }},
  };
}

class EveryParser : public testing::TestWithParam<RuleCase> {
 protected:
  Outcome parse(std::string_view number, std::string_view end = "\n") const {
    std::string text = GetParam().row;
    text.replace(text.find('@'), 1, number);
    text += end;
    return GetParam().parse(text);
  }
};

TEST_P(EveryParser, TakesAWholeNumber) {
  const Outcome outcome = parse("42");
  EXPECT_EQ(outcome.value, 42 * GetParam().scale);
  EXPECT_EQ(outcome.not_understood, 0U);
}

TEST_P(EveryParser, TakesNothingFromWhatIsNotANumber) {
  using std::string_view_literals::operator""sv;
  for (const std::string_view number : {"-2"sv, "18446744073709551616"sv, "99999999999999999999999"sv, "4x"sv, "x"sv,
                                        "0x2a"sv, "+42"sv, "4.2"sv, "1e3"sv, "4\0002"sv, "\00042"sv, "\xff"sv}) {
    const Outcome outcome = parse(number);
    EXPECT_EQ(outcome.value, Count()) << testing::PrintToString(number);
    EXPECT_EQ(outcome.not_understood, 1U) << testing::PrintToString(number);
  }
}

TEST_P(EveryParser, TakesNothingFromATornRow) {
  const Outcome outcome = parse("42", "");
  EXPECT_EQ(outcome.value, Count());
  EXPECT_EQ(outcome.not_understood, 1U);
}

TEST_P(EveryParser, TakesNothingFromARowThatEndsInCrLf) {
  const Outcome outcome = parse("42", "\r\n");
  EXPECT_EQ(outcome.value, Count());
  EXPECT_EQ(outcome.not_understood, 1U);
}

TEST_P(EveryParser, SurvivesNoise) {
  std::string noise;
  std::uint32_t state = 12345;
  while (noise.size() < 100'000) {
    state = state * 1664525 + 1013904223;
    noise += "\n:=,- 7Nx()\\|"[state >> 24U & 7U];
    noise += static_cast<char>(state >> 16U);
  }
  const std::string text = noise + "\n";
  EXPECT_NO_THROW(GetParam().parse(text));
  EXPECT_GT(GetParam().parse(noise).not_understood, 0U);
}

INSTANTIATE_TEST_SUITE_P(Formats, EveryParser, testing::ValuesIn(rule_cases()),
                         [](const auto& rule) { return rule.param.name; });

class KeyedParser : public EveryParser {};

TEST_P(KeyedParser, KeepsTheGoodRowsAroundABadOne) {
  std::string good = GetParam().row;
  good.replace(good.find('@'), 1, "42");
  std::string bad = GetParam().row;
  bad.replace(bad.find('@'), 1, "-42");
  const Outcome before = GetParam().parse(bad + "\n" + good + "\n");
  EXPECT_EQ(before.value, 42 * GetParam().scale);
  EXPECT_EQ(before.not_understood, 1U);
  const Outcome after = GetParam().parse(good + "\n\n" + bad + "\n");
  EXPECT_EQ(after.value, 42 * GetParam().scale);
  EXPECT_EQ(after.not_understood, 2U) << "the empty line and the bad one";
}

std::vector<RuleCase> keyed_cases() {
  std::vector<RuleCase> cases = rule_cases();
  std::erase_if(cases, [](const RuleCase& rule) {
    const std::string& name = rule.name;
    return name == "number" || name == "limit" || name == "quota" || name == "cpu_list" || name == "percpu" ||
           name.starts_with("cpu_max") || name == "pid_start" || name == "boot_time" || name == "numa_v2";
  });
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Formats, KeyedParser, testing::ValuesIn(keyed_cases()),
                         [](const auto& rule) { return rule.param.name; });

}  // namespace
}  // namespace tallyman::formats
