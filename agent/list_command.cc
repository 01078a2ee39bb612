#include "agent/list_command.h"

#include "agent/observer.h"

#include <sys/ioctl.h>
#include <unistd.h>
#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <map>
#include <ostream>
#include <thread>

namespace tallyman {
namespace {

MetricId metric_named(std::string_view name) {
  const auto all = catalogue();
  const auto it =
      std::find_if(all.begin(), all.end(), [&](const CatalogueEntry& e) { return e.definition->name == name; });
  return static_cast<MetricId>(it - all.begin());
}

struct Metrics {
  MetricId cpu = metric_named("container_cpu_usage_seconds_total");
  MetricId memory = metric_named("container_memory_working_set_bytes");
  MetricId limit = metric_named("container_spec_memory_limit_bytes");
  MetricId reads = metric_named("container_fs_reads_bytes_total");
  MetricId writes = metric_named("container_fs_writes_bytes_total");
  MetricId received = metric_named("container_network_receive_bytes_total");
  MetricId sent = metric_named("container_network_transmit_bytes_total");
  MetricId threads = metric_named("container_threads");
  MetricId cpu_pressure = metric_named("container_pressure_cpu_waiting_seconds_total");
  MetricId memory_pressure = metric_named("container_pressure_memory_waiting_seconds_total");
  MetricId io_pressure = metric_named("container_pressure_io_waiting_seconds_total");
};

// The blocks that carry workload series: the host has two more of its own.
std::map<std::string_view, const Block*> blocks_by_id(const Snapshot& snapshot) {
  std::map<std::string_view, const Block*> found;
  for (const Block& block : snapshot.layout->blocks) {
    if (!block.ended) {
      found.emplace(block.workload->id, &block);
    }
  }
  return found;
}

class Rates {
 public:
  Rates(const Snapshot& before, const Snapshot& after) : before_(before), after_(after) {
    seconds_ = std::chrono::duration<double>(after.steady_time - before.steady_time).count();
  }
  std::optional<double> of(const Block* old, const Block& now, MetricId metric, double units_per_second) const {
    const auto last = sum_of(after_, now, metric);
    const auto first = old ? sum_of(before_, *old, metric) : std::nullopt;
    if (!first || !last || *last < *first || seconds_ <= 0) {
      return std::nullopt;
    }
    return static_cast<double>(*last - *first) / units_per_second / seconds_;
  }

 private:
  const Snapshot& before_;
  const Snapshot& after_;
  double seconds_;
};

std::optional<double> sum(std::optional<double> a, std::optional<double> b) { return a && b ? *a + *b : a ? a : b; }

UsageRow row_of(const Rates& rates, const Snapshot& after, const Block* old, const Block& now) {
  static const Metrics metrics;
  constexpr double kNanoseconds = 1e9;
  constexpr double kMicroseconds = 1e6;
  UsageRow row;
  row.workload = now.workload;
  row.cpu_cores = rates.of(old, now, metrics.cpu, kNanoseconds);
  row.memory_bytes = sum_of(after, now, metrics.memory);
  row.memory_limit_bytes = sum_of(after, now, metrics.limit);
  row.io_bytes_per_second = sum(rates.of(old, now, metrics.reads, 1), rates.of(old, now, metrics.writes, 1));
  row.network_bytes_per_second = sum(rates.of(old, now, metrics.received, 1), rates.of(old, now, metrics.sent, 1));
  row.threads = sum_of(after, now, metrics.threads);
  row.cpu_pressure = rates.of(old, now, metrics.cpu_pressure, kMicroseconds);
  row.memory_pressure = rates.of(old, now, metrics.memory_pressure, kMicroseconds);
  row.io_pressure = rates.of(old, now, metrics.io_pressure, kMicroseconds);
  return row;
}

double key_of(const UsageRow& row, std::string_view column) {
  if (column == "memory") {
    return static_cast<double>(row.memory_bytes.value_or(0));
  }
  if (column == "io") {
    return row.io_bytes_per_second.value_or(-1);
  }
  if (column == "network") {
    return row.network_bytes_per_second.value_or(-1);
  }
  if (column == "pids") {
    return static_cast<double>(row.threads.value_or(0));
  }
  return row.cpu_cores.value_or(-1);
}

std::string formatted(const char* format, double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), format, value);
  return text.data();
}

std::string percent(std::optional<double> share) { return share ? formatted("%.1f", *share * 100) : "-"; }

std::string rate(std::optional<double> bytes) { return bytes ? human_bytes(*bytes) : "-"; }

std::string memory_text(const UsageRow& row) {
  if (!row.memory_bytes) {
    return "-";
  }
  std::string text = human_bytes(static_cast<double>(*row.memory_bytes));
  if (row.memory_limit_bytes.value_or(0) != 0) {
    text += '/' + human_bytes(static_cast<double>(*row.memory_limit_bytes));
  }
  return text;
}

// Terminals obey control bytes, and names are strangers' text.
std::string printable(std::string_view text, std::size_t width) {
  std::string out;
  std::size_t columns = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool continues = (byte & 0xC0U) == 0x80U;
    if (!continues && ++columns > width) {
      break;
    }
    out += byte < 0x20 || byte == 0x7f ? '?' : text[i];
  }
  return out;
}

std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

struct Column {
  const char* title;
  std::size_t width;
};
constexpr Column kColumns[] = {{"CPU%", 6}, {"MEM/LIMIT", 15}, {"IO/s", 8}, {"NET/s", 8},
                               {"PIDS", 5}, {"PSI c", 5},      {"m", 4},    {"io%", 4}};
constexpr std::size_t kNumbersWidth = 6 + 15 + 8 + 8 + 5 + 5 + 4 + 4 + 8;  // and a blank before each
constexpr std::size_t kLeastNameWidth = 16;

void append_right(std::string& line, std::string_view text, std::size_t width) {
  line += ' ';
  line.append(width > text.size() ? width - text.size() : 0, ' ');
  line += text;
}

void append_left(std::string& line, const std::string& text, std::size_t width) {
  line += text;
  line.append(width - std::min(width, columns_of(text)), ' ');
}

bool worth_a_line(const UsageRow& row) {
  const WorkloadKind kind = row.workload->kind;
  const bool structural = kind == WorkloadKind::kSlice || kind == WorkloadKind::kCgroup;
  return !structural || row.cpu_cores.value_or(0) > 0 || row.threads.value_or(0) > 0;
}

boost::json::value json_of(std::optional<double> value) { return value ? boost::json::value(*value) : nullptr; }
boost::json::value json_of(std::optional<std::uint64_t> value) { return value ? boost::json::value(*value) : nullptr; }

std::size_t terminal_width() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40) {
    return size.ws_col;
  }
  return isatty(STDOUT_FILENO) != 0 ? 80 : 120;
}

}  // namespace

std::vector<UsageRow> usage_between(const Snapshot& before, const Snapshot& after) {
  const auto old_blocks = blocks_by_id(before);
  const Rates rates(before, after);
  std::vector<UsageRow> rows;
  for (const auto& [id, block] : blocks_by_id(after)) {
    const auto old = old_blocks.find(id);
    const bool same = old != old_blocks.end() && old->second->workload->inode == block->workload->inode;
    rows.push_back(row_of(rates, after, same ? old->second : nullptr, *block));
  }
  return rows;
}

void sort_rows(std::vector<UsageRow>& rows, std::string_view column) {
  std::stable_sort(rows.begin(), rows.end(), [&](const UsageRow& a, const UsageRow& b) {
    if (column == "name") {
      return a.workload->workload < b.workload->workload;
    }
    return key_of(a, column) > key_of(b, column);
  });
}

std::string human_bytes(double bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  std::size_t unit = 0;
  while (bytes >= 999.5 && unit + 1 < std::size(kUnits)) {
    bytes /= 1024;
    ++unit;
  }
  return formatted(unit == 0 || bytes >= 99.95 ? "%.0f" : bytes >= 9.995 ? "%.1f" : "%.2f", bytes) + kUnits[unit];
}

std::string usage_table(const std::vector<UsageRow>& rows, std::size_t width, bool all) {
  constexpr std::size_t kKindWidth = 9;
  const std::size_t names =
      std::max(kLeastNameWidth, width - std::min(width, kNumbersWidth + (width >= 100 ? kKindWidth + 1 : 0)));
  const bool with_kind = width >= 100;
  std::string table;
  append_left(table, "WORKLOAD", names);
  if (with_kind) {
    table += ' ';
    append_left(table, "KIND", kKindWidth);
  }
  for (const Column& column : kColumns) {
    append_right(table, column.title, column.width);
  }
  table += '\n';
  for (const UsageRow& row : rows) {
    if (!all && !worth_a_line(row)) {
      continue;
    }
    append_left(table, printable(row.workload->workload, names), names);
    if (with_kind) {
      table += ' ';
      append_left(table, std::string(to_string(row.workload->kind)), kKindWidth);
    }
    const std::string cells[] = {percent(row.cpu_cores),
                                 memory_text(row),
                                 rate(row.io_bytes_per_second),
                                 rate(row.network_bytes_per_second),
                                 row.threads ? std::to_string(*row.threads) : "-",
                                 percent(row.cpu_pressure),
                                 percent(row.memory_pressure),
                                 percent(row.io_pressure)};
    for (std::size_t i = 0; i < std::size(cells); ++i) {
      append_right(table, cells[i], kColumns[i].width);
    }
    table += '\n';
  }
  return table;
}

std::string usage_json(const std::vector<UsageRow>& rows) {
  boost::json::array list;
  for (const UsageRow& row : rows) {
    const Workload& workload = *row.workload;
    list.push_back({{"id", printable(workload.id, workload.id.size())},
                    {"kind", to_string(workload.kind)},
                    {"workload", printable(workload.workload, workload.workload.size())},
                    {"runtime", workload.runtime},
                    {"cpu_cores", json_of(row.cpu_cores)},
                    {"memory_working_set_bytes", json_of(row.memory_bytes)},
                    {"memory_limit_bytes", json_of(row.memory_limit_bytes)},
                    {"io_bytes_per_second", json_of(row.io_bytes_per_second)},
                    {"network_bytes_per_second", json_of(row.network_bytes_per_second)},
                    {"threads", json_of(row.threads)},
                    {"cpu_pressure", json_of(row.cpu_pressure)},
                    {"memory_pressure", json_of(row.memory_pressure)},
                    {"io_pressure", json_of(row.io_pressure)}});
  }
  return boost::json::serialize(list) + '\n';
}

int run_list_command(const Options& options, std::ostream& out, std::ostream& err) {
  auto observer = Observer::make(options, {});
  if (!observer) {
    err << "tallyman ls: " << to_string(observer.error()) << '\n';
    return 1;
  }
  SnapshotPtr before = (*observer)->sample_once();
  do {
    std::this_thread::sleep_for(options.sampling_interval);
    const SnapshotPtr after = (*observer)->sample_once();
    std::vector<UsageRow> rows = usage_between(*before, *after);
    sort_rows(rows, options.list_sort);
    if (options.list_watch) {
      out << "\x1b[H\x1b[2J";
    }
    out << (options.list_json ? usage_json(rows) : usage_table(rows, terminal_width(), options.list_all));
    out.flush();
    before = after;
  } while (options.list_watch && out.good());
  return out.good() ? 0 : 1;
}

}  // namespace tallyman
