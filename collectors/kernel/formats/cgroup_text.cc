#include "collectors/kernel/formats/cgroup_text.h"

#include "collectors/kernel/formats/text_scanner.h"
#include "collectors/kernel/stats/cgroup_stats.h"

#include <algorithm>

namespace tallyman::formats {
namespace {

constexpr std::uint64_t kNsecPerUsec = 1'000;
constexpr std::uint64_t kNsecPerTick = 10'000'000;  // USER_HZ is 100
constexpr std::uint64_t kLimitThreshold = std::uint64_t{1} << 62;

// "some avg10=0.00 avg60=0.00 avg300=0.00 total=0"
bool parse_pressure_row(std::string_view row, PressureStats& out) {
  FieldReader fields(row);
  std::string_view field;
  if (!fields.next(field)) {
    return false;
  }
  Count* const target = field == "some" ? &out.some_usec : field == "full" ? &out.full_usec : nullptr;
  if (target == nullptr) {
    return true;
  }
  Count total;
  while (fields.next(field)) {
    constexpr std::string_view kTotal = "total=";
    if (field.find('=') == std::string_view::npos) {
      return false;
    }
    if (field.starts_with(kTotal)) {
      total = to_number(field.substr(kTotal.size()));
      if (!total) {
        return false;
      }
    }
  }
  if (total) {
    *target = total;
  }
  return true;
}

// Without its newline; empty if there is none.
std::optional<std::string_view> only_row(std::string_view text) {
  if (!text.ends_with('\n')) {
    return {};
  }
  text.remove_suffix(1);
  return text;
}

}  // namespace

Count parse_number(std::string_view text) {
  const auto row = only_row(text);
  return row ? to_number(*row) : Count();
}

Count parse_limit(std::string_view text) {
  if (text == "max\n") {
    return kUnlimited;
  }
  const Count value = parse_number(text);
  return value && *value >= kLimitThreshold ? kUnlimited : value;
}

Count parse_quota(std::string_view text) { return text == "-1\n" ? kUnlimited : parse_number(text); }

unsigned parse_cpu_stat_v2(std::string_view text, CpuStats& out) {
  return parse_keyed(text, [&out](std::string_view key) -> Target {
    return key == "usage_usec"       ? Target{&out.usage_nsec, kNsecPerUsec}
           : key == "user_usec"      ? Target{&out.user_nsec, kNsecPerUsec}
           : key == "system_usec"    ? Target{&out.system_nsec, kNsecPerUsec}
           : key == "nr_periods"     ? Target{&out.nr_periods}
           : key == "nr_throttled"   ? Target{&out.nr_throttled}
           : key == "throttled_usec" ? Target{&out.throttled_nsec, kNsecPerUsec}
           : key == "nr_bursts"      ? Target{&out.nr_bursts}
           : key == "burst_usec"     ? Target{&out.burst_nsec, kNsecPerUsec}
                                     : Target{};
  });
}

unsigned parse_cpu_stat_v1(std::string_view text, CpuStats& out) {
  return parse_keyed(text, [&out](std::string_view key) -> Target {
    return {key == "nr_periods"       ? &out.nr_periods
            : key == "nr_throttled"   ? &out.nr_throttled
            : key == "throttled_time" ? &out.throttled_nsec
            : key == "nr_bursts"      ? &out.nr_bursts
            : key == "burst_time"     ? &out.burst_nsec
                                      : nullptr};
  });
}

unsigned parse_cpuacct_stat(std::string_view text, CpuStats& out) {
  return parse_keyed(text, [&out](std::string_view key) -> Target {
    return {key == "user" ? &out.user_nsec : key == "system" ? &out.system_nsec : nullptr, kNsecPerTick};
  });
}

unsigned parse_percpu(std::string_view text, std::vector<std::uint64_t>& out) {
  RowReader rows(text);
  RowWriter<std::uint64_t> numbers(out);
  std::string_view row;
  for (bool first = true; rows.next(row); first = false) {
    FieldReader fields(row);
    const std::size_t before = numbers.used();
    bool understood = first;  // a second line would shift the CPUs
    for (std::string_view field; understood && fields.next(field); numbers.keep()) {
      const Count number = to_number(field);
      understood = number.has_value();
      numbers.slot() = number.value_or(0);
    }
    if (!understood) {
      numbers.back_to(before);
    }
    rows.expect(understood);
  }
  return rows.not_understood();
}

unsigned parse_cpu_max(std::string_view text, LimitStats& out) {
  RowReader rows(text);
  std::string_view row;
  for (bool first = true; rows.next(row); first = false) {
    FieldReader fields(row);
    std::string_view quota;
    fields.next(quota);
    const Count quota_usec = quota == "max" ? kUnlimited : to_number(quota);
    std::uint64_t period_usec = 0;
    const bool understood = first && quota_usec && fields.next_number(period_usec) && fields.at_end();
    rows.expect(understood);
    if (understood) {
      out.cpu_quota_usec = quota_usec;
      out.cpu_period_usec = period_usec;
    }
  }
  return rows.not_understood();
}

unsigned parse_pressure(std::string_view text, PressureStats& out) {
  RowReader rows(text);
  for (std::string_view row; rows.next(row);) {
    rows.expect(parse_pressure_row(row, out));
  }
  return rows.not_understood();
}

namespace {

// Calls `take` with the first and last number of each range. False: the text is no such list.
template <class Take>
bool read_cpu_list(std::string_view text, Take take) {
  if (text.empty() || text == "\n") {
    return true;
  }
  const auto row = only_row(text);
  if (!row) {
    return false;
  }
  std::string_view rest = *row;
  std::uint64_t next = 0;  // the lowest number that may follow: the kernel sorts and joins ranges
  for (bool more = true; more;) {
    const std::size_t comma = rest.find(',');
    const std::string_view range = rest.substr(0, comma);
    more = comma != std::string_view::npos;
    rest.remove_prefix(more ? comma + 1 : rest.size());
    const std::size_t dash = range.find('-');
    const auto first = to_number<std::uint32_t>(range.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : to_number<std::uint32_t>(range.substr(dash + 1));
    if (!first || !last || *first < next || *last < *first) {
      return false;
    }
    next = std::uint64_t{*last} + 1;
    take(std::uint64_t{*first}, std::uint64_t{*last});
  }
  return true;
}

}  // namespace

Count count_cpu_list(std::string_view text) {
  std::uint64_t count = 0;
  const bool understood =
      read_cpu_list(text, [&](std::uint64_t first, std::uint64_t last) { count += last - first + 1; });
  return understood ? Count(count) : Count();
}

std::vector<bool> parse_cpu_list(std::string_view text) {
  constexpr std::uint64_t kMaxCpus = 65'536;
  std::vector<bool> cpus;
  const bool understood = read_cpu_list(text, [&](std::uint64_t first, std::uint64_t last) {
    if (last < kMaxCpus) {
      cpus.resize(last + 1, false);
      std::fill(cpus.begin() + static_cast<std::ptrdiff_t>(first), cpus.end(), true);
    }
  });
  return understood ? cpus : std::vector<bool>();
}

unsigned parse_cgroup_events(std::string_view text, CgroupEvents& out) {
  return parse_keyed(text, [&out](std::string_view key) -> Target {
    return {key == "populated" ? &out.populated : key == "frozen" ? &out.frozen : nullptr};
  });
}

Count parse_freezer_state(std::string_view text) {
  const auto row = only_row(text);
  if (!row) {
    return {};
  }
  return *row == "FROZEN" ? Count(1) : *row == "THAWED" || *row == "FREEZING" ? Count(0) : Count();
}

}  // namespace tallyman::formats
