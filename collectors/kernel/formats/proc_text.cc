#include "collectors/kernel/formats/proc_text.h"

#include "collectors/kernel/formats/text_scanner.h"
#include "collectors/kernel/stats/host_stats.h"
#include "collectors/kernel/stats/network_stats.h"

#include <algorithm>
#include <string>
#include <utility>

namespace tallyman::formats {
namespace {

bool skip(FieldReader& fields, int count) {
  std::string_view field;
  for (int i = 0; i < count; ++i) {
    if (!fields.next(field)) {
      return false;
    }
  }
  return true;
}

bool next_numbers(FieldReader& fields, std::initializer_list<std::uint64_t*> values) {
  return std::all_of(values.begin(), values.end(), [&](std::uint64_t* value) { return fields.next_number(*value); });
}

// "  eth0: 1 2 ..." with 16 values. The name may contain a colon (an alias), the values
// do not; a long number leaves no blank after the colon.
bool parse_interface(std::string_view row, InterfaceStats& out) {
  const std::size_t colon = row.rfind(':');
  const std::string_view name = trimmed(row.substr(0, colon));
  if (name.empty() || name.find_first_of(" \t") != std::string_view::npos) {
    return false;
  }
  FieldReader fields(row.substr(colon + 1));
  std::uint64_t ignored = 0;
  if (!next_numbers(fields, {&out.rx_bytes, &out.rx_packets, &out.rx_errors, &out.rx_dropped, &ignored, &ignored,
                             &ignored, &ignored, &out.tx_bytes, &out.tx_packets, &out.tx_errors, &out.tx_dropped,
                             &ignored, &ignored, &ignored, &ignored})) {
    return false;
  }
  out.name.assign(name);
  return true;
}

// "254 0 vda" and 11 values or more.
bool parse_disk(std::string_view row, DiskStats& out) {
  FieldReader fields(row);
  std::string_view device;
  if (!fields.next_number(out.major) || !fields.next_number(out.minor) || !fields.next(device) ||
      !next_numbers(fields,
                    {&out.reads, &out.reads_merged, &out.sectors_read, &out.read_msec, &out.writes, &out.writes_merged,
                     &out.sectors_written, &out.write_msec, &out.in_flight, &out.io_msec, &out.weighted_io_msec})) {
    return false;
  }
  out.device.assign(device);
  return true;
}

// "MemTotal:       24684092 kB"
bool parse_meminfo_row(std::string_view row, MemInfo& out) {
  const std::size_t colon = row.find(':');
  if (colon == 0 || colon == std::string_view::npos) {
    return false;
  }
  const std::string_view key = row.substr(0, colon);
  Count* const target = key == "MemTotal"       ? &out.total
                        : key == "MemFree"      ? &out.free
                        : key == "MemAvailable" ? &out.available
                        : key == "SwapTotal"    ? &out.swap_total
                        : key == "SwapFree"     ? &out.swap_free
                                                : nullptr;
  if (target == nullptr) {
    return true;
  }
  FieldReader fields(row.substr(colon + 1));
  std::string_view number;
  std::string_view unit;
  fields.next(number);
  const Count bytes = to_scaled(number, kBytesPerKib);
  if (!bytes || !fields.next(unit) || unit != "kB" || !fields.at_end()) {
    return false;
  }
  *target = bytes;
  return true;
}

// Cuts off everything up to the next blank. mountinfo's fields are separated by one blank
// and may be empty: a mount may have no source.
std::optional<std::string_view> take_field(std::string_view& rest) {
  if (rest.data() == nullptr) {
    return {};
  }
  const std::size_t blank = rest.find(' ');
  const std::string_view field = rest.substr(0, blank);
  rest = blank == std::string_view::npos ? std::string_view() : rest.substr(blank + 1);
  return field;
}

bool is_octal(char c) { return c >= '0' && c <= '7'; }

// Undoes "\040". Never makes a NUL: the kernel writes none.
void assign_unescaped(std::string_view text, std::string& out) {
  out.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && text.size() - i > 3 && text[i + 1] <= '3' && is_octal(text[i + 1]) &&
        is_octal(text[i + 2]) && is_octal(text[i + 3])) {
      const int value = (text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0');
      if (value != 0) {
        out.push_back(static_cast<char>(value));
        i += 3;
        continue;
      }
    }
    out.push_back(text[i]);
  }
}

// "36 35 98:0 /root /mount rw,noatime master:1 - ext3 /dev/root rw": any number of
// optional fields before the dash, or none.
bool parse_mount(std::string_view row, Mount& out) {
  std::string_view rest = row;
  const auto id = take_field(rest);
  const auto parent = take_field(rest);
  const auto device = take_field(rest);
  const auto root = take_field(rest);
  const auto mount_point = take_field(rest);
  const auto options = take_field(rest);
  if (!options || !to_number(*id) || !to_number(*parent) || root->empty() || !mount_point->starts_with('/')) {
    return false;
  }
  const std::size_t colon = std::min(device->find(':'), device->size());
  const auto major = to_number<std::uint32_t>(device->substr(0, colon));
  const auto minor = to_number<std::uint32_t>(device->substr(std::min(colon + 1, device->size())));
  if (!major || !minor) {
    return false;
  }
  auto field = take_field(rest);
  while (field && *field != "-") {
    field = take_field(rest);
  }
  const auto fs_type = take_field(rest);
  const auto source = take_field(rest);
  const auto super_options = take_field(rest);
  if (!source || !super_options || fs_type->empty() || super_options->empty()) {
    return false;
  }
  out.major = *major;
  out.minor = *minor;
  assign_unescaped(*root, out.root);
  assign_unescaped(*mount_point, out.mount_point);
  assign_unescaped(*fs_type, out.fs_type);
  assign_unescaped(*source, out.source);
  assign_unescaped(*super_options, out.super_options);
  return true;
}

// One processor's block of /proc/cpuinfo, as far as it is read.
struct ProcessorIds {
  std::optional<std::uint32_t> physical, core;
};

template <class Row>
unsigned parse_rows(std::string_view text, std::vector<Row>& out, bool (*parse)(std::string_view, Row&)) {
  RowReader rows(text);
  RowWriter<Row> writer(out);
  for (std::string_view row; rows.next(row);) {
    const bool understood = parse(row, writer.slot());
    rows.expect(understood);
    if (understood) {
      writer.keep();
    }
  }
  return rows.not_understood();
}

}  // namespace

unsigned parse_net_dev(std::string_view text, std::vector<InterfaceStats>& out) {
  RowReader rows(text);
  RowWriter<InterfaceStats> interfaces(out);
  for (std::string_view row; rows.next(row);) {
    if (row.find(':') == std::string_view::npos) {
      rows.expect(row.find('|') != std::string_view::npos);  // the two lines of headings
      continue;
    }
    const bool understood = parse_interface(row, interfaces.slot());
    rows.expect(understood);
    if (understood) {
      interfaces.keep();
    }
  }
  return rows.not_understood();
}

unsigned parse_diskstats(std::string_view text, std::vector<DiskStats>& out) {
  return parse_rows(text, out, parse_disk);
}

unsigned parse_mountinfo(std::string_view text, std::vector<Mount>& out) { return parse_rows(text, out, parse_mount); }

unsigned parse_pids(std::string_view text, std::vector<std::uint32_t>& out) {
  return parse_rows<std::uint32_t>(text, out, [](std::string_view row, std::uint32_t& pid) {
    const auto number = to_number<std::uint32_t>(row);
    pid = number.value_or(0);
    return number.has_value();
  });
}

unsigned parse_meminfo(std::string_view text, MemInfo& out) {
  RowReader rows(text);
  for (std::string_view row; rows.next(row);) {
    rows.expect(parse_meminfo_row(row, out));
  }
  return rows.not_understood();
}

std::optional<std::array<double, 3>> parse_loadavg(std::string_view text) {
  FieldReader fields(text);
  std::array<double, 3> average{};
  for (double& one : average) {
    if (!fields.next_number(one) || !(one >= 0)) {
      return {};
    }
  }
  return average;
}

Count parse_pid_start_ticks(std::string_view text) {
  constexpr int kFieldsBetween = 19;  // state, the third, to itrealvalue, the 21st
  const std::size_t open = text.find(" (");
  const std::size_t close = text.rfind(") ");
  if (!text.ends_with('\n') || open == std::string_view::npos || close == std::string_view::npos || close < open + 2 ||
      !to_number(text.substr(0, open))) {
    return {};
  }
  std::string_view figures = text.substr(close + 2);
  figures.remove_suffix(1);
  if (holds_foul_bytes(figures) || figures.find('\n') != std::string_view::npos) {
    return {};
  }
  FieldReader fields(figures);
  std::uint64_t ticks = 0;
  return skip(fields, kFieldsBetween) && fields.next_number(ticks) ? Count(ticks) : Count();
}

Count parse_boot_time(std::string_view text) {
  constexpr std::string_view kKey = "btime ";
  RowReader rows(text);
  for (std::string_view row; rows.next(row);) {
    if (row.starts_with(kKey)) {
      return to_number(row.substr(kKey.size()));
    }
  }
  return {};
}

CpuTopology parse_cpuinfo(std::string_view text) {
  std::vector<ProcessorIds> processors;
  RowReader rows(text);
  for (std::string_view row; rows.next(row);) {
    const std::size_t colon = row.find(':');
    if (colon == std::string_view::npos) {
      continue;
    }
    const std::string_view key = trimmed(row.substr(0, colon));
    const auto value = to_number<std::uint32_t>(trimmed(row.substr(colon + 1)));
    if (key == "processor") {
      processors.emplace_back();
    } else if (!processors.empty() && key == "physical id") {
      processors.back().physical = value;
    } else if (!processors.empty() && key == "core id") {
      processors.back().core = value;
    }
  }
  const auto complete = [](const ProcessorIds& ids) { return ids.physical && ids.core; };
  if (rows.not_understood() != 0 || !std::all_of(processors.begin(), processors.end(), complete)) {
    return {};  // a number without one of the processors would be wrong
  }
  std::vector<std::pair<std::uint32_t, std::uint32_t>> cores;
  cores.reserve(processors.size());
  for (const ProcessorIds& ids : processors) {
    cores.emplace_back(*ids.physical, *ids.core);
  }
  std::sort(cores.begin(), cores.end());
  cores.erase(std::unique(cores.begin(), cores.end()), cores.end());
  CpuTopology topology;
  topology.physical_cores = static_cast<unsigned>(cores.size());
  for (std::size_t i = 0; i < cores.size(); ++i) {
    topology.sockets += i == 0 || cores[i].first != cores[i - 1].first ? 1U : 0U;
  }
  return topology;
}

}  // namespace tallyman::formats
