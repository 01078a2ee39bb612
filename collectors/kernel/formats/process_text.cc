#include "collectors/kernel/formats/process_text.h"

#include "collectors/kernel/formats/text_scanner.h"
#include "collectors/kernel/stats/process_stats.h"

#include <algorithm>

namespace tallyman::formats {
namespace {

// A number that the kernel counts with a sign, and that may be below 0 for a moment or by a fault of the kernel's:
// then it is 0. So is one that is too large for what it counts.
std::optional<std::uint64_t> not_negative(std::string_view field, std::uint64_t largest) {
  const auto number = to_number(field.starts_with('-') ? field.substr(1) : field);
  return number && (field.starts_with('-') || *number > largest) ? std::optional<std::uint64_t>(0) : number;
}
constexpr std::uint64_t kLargestTicks = (std::uint64_t{1} << 63) / kNsecPerTick;
constexpr std::uint64_t kLargestPages = std::uint64_t{1} << 51;

// Field numbers of proc_pid_stat(5); the first after the name is the third.
bool take_stat_field(int number, std::string_view field, PidStat& out) {
  const auto take = [&](auto& target) {
    const auto value = to_number<std::remove_reference_t<decltype(target)>>(field);
    target = value.value_or(0);
    return value.has_value();
  };
  const auto take_signed = [&](std::uint64_t& target, std::uint64_t largest) {
    const auto value = not_negative(field, largest);
    target = value.value_or(0);
    return value.has_value();
  };
  switch (number) {
    case 3:
      out.state = field.front();
      return field.size() == 1;
    case 4:
      return take(out.ppid);
    case 9:
      return take(out.flags);
    case 10:
      return take(out.minflt);
    case 11:
      return take(out.cminflt);
    case 12:
      return take(out.majflt);
    case 13:
      return take(out.cmajflt);
    case 14:
      return take_signed(out.utime_ticks, kLargestTicks);
    case 15:
      return take_signed(out.stime_ticks, kLargestTicks);
    case 16:
      return take_signed(out.cutime_ticks, kLargestTicks);
    case 17:
      return take_signed(out.cstime_ticks, kLargestTicks);
    case 20:
      return take(out.threads);
    case 22:
      return take(out.start_ticks);
    case 24:
      return take_signed(out.rss_pages, kLargestPages);
    default:
      return true;
  }
}

// "VmSwap:               0 kB": the value after the colon.
bool take_kib(std::string_view value, Count& out) {
  FieldReader fields(value);
  std::string_view number;
  std::string_view unit;
  fields.next(number);
  const Count bytes = to_scaled(number, kBytesPerKib);
  if (!bytes || !fields.next(unit) || unit != "kB") {
    return false;
  }
  out = bytes;
  return true;
}

bool take_count(std::string_view value, Count& out) {
  FieldReader fields(value);
  std::string_view number;
  fields.next(number);
  const Count count = to_number(number);
  out = count ? count : out;
  return count.has_value();
}

// Rows "Key: value"; `take` gets both and says whether it could parse them.
template <class Take>
unsigned parse_colon_rows(std::string_view text, Take take) {
  RowReader rows(text);
  for (std::string_view row; rows.next(row);) {
    const std::size_t colon = row.find(':');
    rows.expect(colon != std::string_view::npos && colon != 0 && take(row.substr(0, colon), row.substr(colon + 1)));
  }
  return rows.not_understood();
}

bool parse_membership(std::string_view row, CgroupMembership& out) {
  const std::size_t first = row.find(':');
  const std::size_t second = first == std::string_view::npos ? first : row.find(':', first + 1);
  if (second == std::string_view::npos) {
    return false;
  }
  const auto hierarchy = to_number<std::uint32_t>(row.substr(0, first));
  std::string_view path = row.substr(second + 1);
  if (!hierarchy || !path.starts_with('/')) {
    return false;
  }
  constexpr std::string_view kRemoved = " (deleted)";
  if (path.size() > kRemoved.size() && path.ends_with(kRemoved)) {
    path.remove_suffix(kRemoved.size());
  }
  out.hierarchy = *hierarchy;
  out.path.assign(path);
  return true;
}

bool next_three(std::string_view text, std::uint64_t& a, std::uint64_t& b, std::uint64_t& c) {
  RowReader rows(text);
  std::string_view row;
  if (!rows.next(row)) {
    return false;
  }
  FieldReader fields(row);
  return fields.next_number(a) && fields.next_number(b) && fields.next_number(c);
}

}  // namespace

bool parse_pid_stat(std::string_view text, PidStat& out) {
  constexpr int kLastField = 24;
  const std::size_t open = text.find(" (");
  const std::size_t close = text.rfind(") ");
  if (!text.ends_with('\n') || open == std::string_view::npos || close == std::string_view::npos || close < open + 2) {
    return false;
  }
  const auto pid = to_number<std::uint32_t>(text.substr(0, open));
  std::string_view figures = text.substr(close + 2);
  figures.remove_suffix(1);
  if (!pid || holds_foul_bytes(figures) || figures.find('\n') != std::string_view::npos) {
    return false;
  }
  PidStat found;
  found.pid = *pid;
  FieldReader fields(figures);
  for (int number = 3; number <= kLastField; ++number) {
    std::string_view field;
    if (!fields.next(field) || !take_stat_field(number, field, found)) {
      return false;
    }
  }
  found.comm = std::move(out.comm);
  found.comm.assign(text.substr(open + 2, close - open - 2));
  out = std::move(found);
  return true;
}

bool parse_statm(std::string_view text, PidMemory& out) {
  PidMemory found;
  if (!next_three(text, found.size, found.resident, found.shared)) {
    return false;
  }
  out = found;
  return true;
}

bool parse_schedstat(std::string_view text, SchedStat& out) {
  SchedStat found;
  if (!next_three(text, found.run_nsec, found.runqueue_nsec, found.timeslices)) {
    return false;
  }
  out = found;
  return true;
}

unsigned parse_pid_io(std::string_view text, PidIo& out) {
  return parse_colon_rows(text, [&out](std::string_view key, std::string_view value) {
    return key == "read_bytes"    ? take_count(value, out.read_bytes)
           : key == "write_bytes" ? take_count(value, out.write_bytes)
                                  : true;
  });
}

unsigned parse_pid_status(std::string_view text, PidStatus& out) {
  return parse_colon_rows(text, [&out](std::string_view key, std::string_view value) {
    return key == "Uid"                          ? take_count(value, out.uid)
           : key == "VmSwap"                     ? take_kib(value, out.swap_bytes)
           : key == "voluntary_ctxt_switches"    ? take_count(value, out.voluntary_switches)
           : key == "nonvoluntary_ctxt_switches" ? take_count(value, out.involuntary_switches)
                                                 : true;
  });
}

std::size_t parse_init_levels(std::string_view text) {
  constexpr std::string_view kKey = "NSpid:";
  RowReader rows(text);
  for (std::string_view row; rows.next(row);) {
    if (!row.starts_with(kKey)) {
      continue;
    }
    FieldReader fields(row.substr(kKey.size()));
    std::size_t levels = 0;
    std::string_view last;
    for (std::string_view field; fields.next(field); last = field) {
      ++levels;
    }
    return levels > 1 && last == "1" ? levels : 0;
  }
  return 0;
}

unsigned parse_pid_cgroup(std::string_view text, std::vector<CgroupMembership>& out) {
  RowReader rows(text);
  RowWriter<CgroupMembership> memberships(out);
  for (std::string_view row; rows.next(row);) {
    const bool understood = parse_membership(row, memberships.slot());
    rows.expect(understood);
    if (understood) {
      memberships.keep();
    }
  }
  return rows.not_understood();
}

Count parse_smaps_rollup_pss(std::string_view text) {
  Count pss;
  RowReader rows(text);
  for (std::string_view row; rows.next(row);) {
    if (row.starts_with("Pss:") && !take_kib(row.substr(4), pss)) {
      return {};
    }
  }
  return pss;
}

Count parse_open_files_limit(std::string_view text) {
  constexpr std::string_view kKey = "Max open files";
  RowReader rows(text);
  for (std::string_view row; rows.next(row);) {
    if (row.starts_with(kKey)) {
      FieldReader fields(row.substr(kKey.size()));
      std::string_view soft;
      fields.next(soft);
      return soft == "unlimited" ? Count(kUnlimited) : to_number(soft);
    }
  }
  return {};
}

std::string user_of_passwd(std::string_view text, std::uint64_t uid) {
  RowReader rows(text);
  for (std::string_view row; rows.next(row);) {
    const std::size_t name = row.find(':');
    const std::size_t password = name == std::string_view::npos ? name : row.find(':', name + 1);
    if (password == std::string_view::npos) {
      continue;
    }
    const std::string_view rest = row.substr(password + 1);
    if (to_number(rest.substr(0, rest.find(':'))) == uid) {
      return std::string(row.substr(0, name));
    }
  }
  return {};
}

}  // namespace tallyman::formats
