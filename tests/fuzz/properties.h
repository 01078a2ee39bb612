// What must be true for a parser on any input. A violation aborts, which is how a fuzz
// target reports.
#pragma once

#include "collectors/kernel/formats/proc_text.h"
#include "collectors/kernel/stats/cgroup_stats.h"
#include "collectors/kernel/stats/host_stats.h"
#include "collectors/kernel/stats/network_stats.h"
#include "collectors/kernel/stats/process_stats.h"
#include "collectors/kernel/system/error.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace tallyman::fuzz {

inline void require(bool holds, const char* property) {
  if (!holds) {
    std::fprintf(stderr, "violated: %s\n", property);
    std::abort();
  }
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

inline auto tied(const CpuStats& s) {
  return std::tie(s.usage_nsec, s.user_nsec, s.system_nsec, s.nr_periods, s.nr_throttled, s.throttled_nsec, s.nr_bursts,
                  s.burst_nsec, s.usage_percpu_nsec);
}
inline auto tied(const MemoryStats& s) {
  return std::tie(s.current, s.peak, s.swap_current, s.anon, s.file, s.kernel, s.shmem, s.sock, s.file_mapped,
                  s.file_dirty, s.file_writeback, s.inactive_file, s.active_file, s.slab_reclaimable,
                  s.slab_unreclaimable, s.pgfault, s.pgmajfault, s.pgfault_local, s.pgmajfault_local, s.pgscan,
                  s.pgsteal, s.workingset_refault_anon, s.workingset_refault_file);
}
inline auto tied(const MemoryEvents& s) { return std::tie(s.low, s.high, s.max, s.oom, s.oom_kill, s.failcnt); }
inline auto tied(const LimitStats& s) { return std::tie(s.cpu_quota_usec, s.cpu_period_usec); }
inline auto tied(const PressureStats& s) { return std::tie(s.some_usec, s.full_usec); }
inline auto tied(const MemInfo& s) { return std::tie(s.total, s.free, s.available, s.swap_total, s.swap_free); }
inline auto tied(const NumaStats& s) { return std::tie(s.type, s.hierarchical, s.node, s.pages); }
inline auto tied(const formats::Mount& s) {
  return std::tie(s.major, s.minor, s.root, s.mount_point, s.fs_type, s.source, s.super_options);
}
inline auto tied(const std::uint32_t& s) { return std::tie(s); }
inline auto tied(const std::uint64_t& s) { return std::tie(s); }
inline auto tied(const IoDeviceStats& s) {
  return std::tie(s.major, s.minor, s.device, s.rbytes, s.wbytes, s.dbytes, s.rios, s.wios, s.dios, s.sync_bytes,
                  s.async_bytes, s.total_bytes, s.cost_usage_usec, s.cost_wait_usec, s.cost_indebt_usec,
                  s.cost_indelay_usec);
}
inline auto tied(const InterfaceStats& s) {
  return std::tie(s.name, s.rx_bytes, s.rx_packets, s.rx_errors, s.rx_dropped, s.tx_bytes, s.tx_packets, s.tx_errors,
                  s.tx_dropped);
}
inline auto tied(const PidIo& s) { return std::tie(s.read_bytes, s.write_bytes); }
inline auto tied(const PidStatus& s) {
  return std::tie(s.uid, s.swap_bytes, s.voluntary_switches, s.involuntary_switches);
}
inline auto tied(const CgroupMembership& s) { return std::tie(s.hierarchy, s.path); }
inline auto tied(const DiskStats& s) {
  return std::tie(s.major, s.minor, s.device, s.reads, s.reads_merged, s.sectors_read, s.read_msec, s.writes,
                  s.writes_merged, s.sectors_written, s.write_msec, s.in_flight, s.io_msec, s.weighted_io_msec);
}

template <class T>
bool same(const T& a, const T& b) {
  return tied(a) == tied(b);
}
template <class T>
bool same(const std::vector<T>& a, const std::vector<T>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const T& x, const T& y) { return same(x, y); });
}

inline std::size_t rows_in(std::string_view text) {
  const auto newlines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  return newlines + (text.empty() || text.back() == '\n' ? 0 : 1);
}

inline std::string_view whole_rows(std::string_view text) {
  const std::size_t newline = text.rfind('\n');
  return newline == std::string_view::npos ? std::string_view() : text.substr(0, newline + 1);
}

// How the result of a text follows from those of its two halves.
enum class Halves {
  kContinue,     // the second is parsed onto the first's result
  kConcatenate,  // the second's rows come after the first's
  kDepend,       // rows mean something only together
};

template <class T>
void concatenate(std::vector<T>& a, const std::vector<T>& b) {
  a.insert(a.end(), b.begin(), b.end());
}
template <class T>
void concatenate(T&, const T&) {}

template <class Result, class Parse>
void require_halves_to_add_up(std::string_view text, Parse parse, Halves halves) {
  constexpr std::size_t kMaxSplits = 4;
  const std::size_t step = rows_in(text) / kMaxSplits + 1;
  Result whole;
  const unsigned in_whole = parse(text, whole);
  std::size_t row = 0;
  for (std::size_t newline = text.find('\n'); newline != std::string_view::npos;
       newline = text.find('\n', newline + 1)) {
    if (row++ % step != 0) {
      continue;
    }
    Result first;
    Result second;
    const unsigned in_first = parse(text.substr(0, newline + 1), first);
    const unsigned in_second = parse(text.substr(newline + 1), halves == Halves::kContinue ? first : second);
    if (halves == Halves::kConcatenate) {
      concatenate(first, second);
    }
    require(in_first + in_second == in_whole, "rows are understood by themselves");
    require(same(first, whole), "a text is its halves");
  }
}

// `used` holds an older result. Result must be what `parse` fills from nothing.
template <class Result, class Parse>
void require_row_rules(std::string_view text, Parse parse, Halves halves) {
  Result result;
  const unsigned not_understood = parse(text, result);
  require(not_understood <= rows_in(text), "no more faults than rows");

  const std::string_view whole = whole_rows(text);
  Result of_whole;
  const unsigned in_whole = parse(whole, of_whole);
  require(same(result, of_whole), "a torn row changes nothing");
  require(not_understood - in_whole <= rows_in(text) - rows_in(whole), "a torn row is one row");

  const std::string foul = std::string(whole) + std::string("key 1\0\n1\r\n", 10);
  Result of_foul;
  require(parse(foul, of_foul) == in_whole + 2, "foul rows are counted");
  require(same(of_foul, of_whole), "foul rows change nothing");

  if (halves != Halves::kContinue) {
    parse(whole, of_foul);
    require(same(of_foul, of_whole), "an older result leaves no trace");
  }
  if (halves != Halves::kDepend) {
    require_halves_to_add_up<Result>(text, parse, halves);
  }
}

// "123" by another road than the parsers': digit by digit in 128 bits.
inline Count plain_number(std::string_view text, std::uint64_t scale = 1) {
  __extension__ using Wide = unsigned __int128;
  Wide value = 0;
  if (text.empty()) {
    return {};
  }
  for (const char c : text) {
    if (c < '0' || c > '9') {
      return {};
    }
    value = value * 10 + static_cast<unsigned>(c - '0');
    if (value > ~std::uint64_t{0}) {
      return {};
    }
  }
  value *= scale;
  return value > ~std::uint64_t{0} ? Count() : Count(static_cast<std::uint64_t>(value));
}

inline std::vector<std::string_view> split_rows(std::string_view text) {
  std::vector<std::string_view> rows;
  for (std::size_t begin = 0, end = 0; (end = text.find('\n', begin)) != std::string_view::npos; begin = end + 1) {
    rows.push_back(text.substr(begin, end - begin));
  }
  return rows;
}

// The value that the last good row of `key` gives, by another road.
inline Count keyed_value(const std::vector<std::string_view>& rows, std::string_view key, std::uint64_t scale = 1) {
  Count found;
  for (const std::string_view row : rows) {
    if (row.size() > key.size() && row[key.size()] == ' ' && row.starts_with(key)) {
      const Count value = plain_number(row.substr(key.size() + 1), scale);
      found = value ? value : found;
    }
  }
  return found;
}

}  // namespace tallyman::fuzz
