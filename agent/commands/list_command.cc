#include "agent/commands/list_command.h"

#include "agent/api/usage_json.h"
#include "agent/commands/terminal_text.h"
#include "agent/commands/usage_reader.h"
#include "agent/commands/watch_screen.h"
#include "collectors/model/utf8.h"

#include <unistd.h>
#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <initializer_list>
#include <iterator>
#include <ostream>
#include <set>
#include <utility>

namespace tallyman {
namespace {

double key_of(const Usage& row, std::string_view column) {
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

template <class Row, class NameOf>
void sort_by(std::vector<Row>& rows, std::string_view column, NameOf name_of) {
  std::stable_sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) {
    return column == "name" ? name_of(a) < name_of(b) : key_of(a, column) > key_of(b, column);
  });
}

std::string formatted(const char* format, double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), format, value);
  return text.data();
}

std::string percent(std::optional<double> share) { return share ? formatted("%.1f", *share * 100) : "-"; }

std::string rate(std::optional<double> bytes) { return bytes ? human_bytes(*bytes) : "-"; }

std::string bytes_text(std::optional<std::uint64_t> bytes) {
  return bytes ? human_bytes(static_cast<double>(*bytes)) : "-";
}

std::string memory_text(const Usage& row) {
  std::string text = bytes_text(row.memory_bytes);
  if (row.memory_bytes && row.memory_limit_bytes.value_or(0) != 0) {
    text += '/' + bytes_text(row.memory_limit_bytes);
  }
  return text;
}

struct Column {
  const char* title;
  std::size_t width;
};
// The last columns are the runtime's own use; they need a wide terminal.
constexpr Column kColumns[] = {{"CPU%", 6},    {"MEM/LIMIT", 15}, {"IO/s", 7}, {"NET/s", 7},
                               {"PIDS", 5},    {"PSI% CPU", 8},   {"MEM", 4},  {"IO", 4},
                               {"RT CPU%", 7}, {"RT MEM", 7},     {"KMEM", 7}, {"LAYER", 7}};
constexpr std::size_t kNarrowColumns = 8, kWideColumns = 10;
constexpr std::size_t kWide = 110, kWidest = 130;
constexpr std::size_t kMinNameWidth = 16;
constexpr std::string_view kAnyKind = "any", kErrorPrefix = "tallyman ls: ";

std::size_t columns_in(std::size_t width) {
  return width >= kWidest ? std::size(kColumns) : width >= kWide ? kWideColumns : kNarrowColumns;
}

void append_right(std::string& line, std::string_view text, std::size_t width) {
  line += ' ';
  line.append(width > text.size() ? width - text.size() : 0, ' ');
  line += text;
}

void append_left(std::string& line, const std::string& text, std::size_t width) {
  line += text;
  line.append(width - std::min(width, columns_of(text)), ' ');
}

std::size_t names_width(std::size_t width, std::size_t other_columns) {
  std::size_t taken = other_columns;
  for (std::size_t i = 0; i < columns_in(width); ++i) {
    taken += 1 + kColumns[i].width;
  }
  return std::max(kMinNameWidth, width - std::min(width, taken));
}

std::string column_titles(std::size_t width) {
  std::string titles;
  for (std::size_t i = 0; i < columns_in(width); ++i) {
    append_right(titles, kColumns[i].title, kColumns[i].width);
  }
  return titles + '\n';
}

std::string figures_of(const Usage& row, std::size_t width) {
  const std::string cells[] = {percent(row.cpu_cores),
                               memory_text(row),
                               rate(row.io_bytes_per_second),
                               rate(row.network_bytes_per_second),
                               row.threads ? std::to_string(*row.threads) : "-",
                               percent(row.cpu_pressure),
                               percent(row.memory_pressure),
                               percent(row.io_pressure),
                               percent(row.runtime_cpu_cores),
                               bytes_text(row.runtime_memory_bytes),
                               bytes_text(row.kernel_memory_bytes),
                               bytes_text(row.layer_bytes)};
  static_assert(std::size(cells) == std::size(kColumns));
  std::string line;
  for (std::size_t i = 0; i < columns_in(width); ++i) {
    append_right(line, cells[i], kColumns[i].width);
  }
  return line + '\n';
}

bool worth_a_line(const UsageRow& row) {
  const WorkloadKind kind = row.workload->kind;
  const bool structural =
      kind == WorkloadKind::kSlice || kind == WorkloadKind::kCgroup || kind == WorkloadKind::kProcess;
  return !structural || row.cpu_cores.value_or(0) > 0 || row.threads.value_or(0) > 0;
}

// A cgroup that only holds others that have a line adds nothing to them.
std::set<const Workload*> frames_in(const std::vector<UsageRow>& rows) {
  std::vector<std::string_view> listed;
  for (const UsageRow& row : rows) {
    if (row.workload->kind != WorkloadKind::kProcess && worth_a_line(row)) listed.push_back(row.workload->id);
  }
  std::sort(listed.begin(), listed.end());
  std::set<const Workload*> frames;
  for (const UsageRow& row : rows) {
    const WorkloadKind kind = row.workload->kind;
    if (kind != WorkloadKind::kSlice && kind != WorkloadKind::kCgroup && kind != WorkloadKind::kScope) continue;
    const std::string prefix = row.workload->id + '/';
    const auto below = std::lower_bound(listed.begin(), listed.end(), std::string_view(prefix));
    if (below != listed.end() && below->starts_with(prefix)) frames.insert(row.workload.get());
  }
  return frames;
}

bool contains(std::string_view text, std::string_view part) {
  const auto same = [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); };
  return std::search(text.begin(), text.end(), part.begin(), part.end(), same) != text.end();
}

bool is_named(const std::vector<std::string>& names, std::initializer_list<std::string_view> texts) {
  return names.empty() || std::any_of(names.begin(), names.end(), [&](const std::string& name) {
           return std::any_of(texts.begin(), texts.end(), [&](std::string_view text) { return contains(text, name); });
         });
}

std::string list_of(const std::vector<UsageRow>& rows, const Options::List& options, std::size_t width) {
  std::vector<UsageRow> wanted = selected(rows, options);
  if (const auto by = group_by_named(options.group)) {
    std::vector<GroupRow> groups = grouped(wanted, *by);
    std::erase_if(groups, [&](const GroupRow& group) { return !is_named(options.names, {group.name}); });
    sort_rows(groups, options.sort);
    return options.json ? group_json(groups, *by) : group_table(groups, width, *by);
  }
  sort_rows(wanted, options.sort);
  const bool all = options.all || options.kind != kAnyKind || !options.names.empty();
  return options.json ? usage_json(wanted) : usage_table(wanted, width, all);
}

std::string lines_of(const std::vector<std::string>& notes, std::string_view before) {
  std::string text;
  for (const std::string& note : notes) {
    if (!note.empty()) text.append(before).append(printable(note)).append("\n");
  }
  return text;
}

// Shows one list after the other, the first after `first_pause`. `notes` come before each.
int show(UsageReader& reader, const std::vector<std::string>& notes, const Options& options, WatchKeys& keys,
         std::ostream& out, std::ostream& err) {
  for (std::chrono::milliseconds pause = reader.first_pause(); keys.wait(pause); pause = reader.pause()) {
    const auto rows = reader.read();
    if (!rows) {
      err << kErrorPrefix << to_string(rows.error()) << '\n';
      return 1;
    }
    const Screen screen = screen_of_output();  // it may have changed its size
    const std::string list = list_of(*rows, options.list, screen.width);
    if (options.list.watch) {
      out << "\x1b[H\x1b[2J" << fitting(lines_of(notes, "") + lines_of(reader.notes(), "") + list, screen)
          << std::flush;
      if (!out.good()) return 1;
      continue;
    }
    const bool none = selected(*rows, options.list).empty();
    err << lines_of(notes, kErrorPrefix) << lines_of(reader.notes(), kErrorPrefix) << std::flush;
    out << list << std::flush;
    if (none) err << kErrorPrefix << "no workload is like that\n" << std::flush;
    return none || !out.good() ? 1 : 0;
  }
  return 0;
}

}  // namespace

void sort_rows(std::vector<UsageRow>& rows, std::string_view column) {
  sort_by(rows, column, [](const UsageRow& row) { return std::string_view(row.workload->workload); });
}

void sort_rows(std::vector<GroupRow>& rows, std::string_view column) {
  sort_by(rows, column, [](const GroupRow& row) { return std::string_view(row.name); });
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
  const bool with_kind = width >= 100;
  const std::size_t names = names_width(width, with_kind ? kKindWidth + 1 : 0);
  const auto title = [&](const std::string& name, const std::string& kind) {
    std::string text;
    append_left(text, name, names);
    if (with_kind) {
      text += ' ';
      append_left(text, kind, kKindWidth);
    }
    return text;
  };
  std::string table = title("WORKLOAD", "KIND") + column_titles(width);
  const std::set<const Workload*> frames = all ? std::set<const Workload*>() : frames_in(rows);
  for (const UsageRow& row : rows) {
    if (all || (worth_a_line(row) && !frames.contains(row.workload.get()))) {
      const Workload& workload = *row.workload;
      table += title(cut_in_the_middle(printable(workload.workload), names), std::string(to_string(workload.kind))) +
               figures_of(row, width);
    }
  }
  return table;
}

std::string usage_json(const std::vector<UsageRow>& rows) {
  boost::json::array list;
  for (const UsageRow& row : rows) {
    const Workload& workload = *row.workload;
    boost::json::object one{{"id", valid_utf8(workload.id)},
                            {"kind", to_string(workload.kind)},
                            {"workload", valid_utf8(workload.workload)},
                            {"runtime", workload.runtime}};
    set_all_figures(one, row);
    list.push_back(std::move(one));
  }
  return printable_json(boost::json::serialize(list)) + '\n';
}

std::string group_table(const std::vector<GroupRow>& groups, std::size_t width, GroupBy by) {
  if (groups.empty()) {
    return "No workload here is in a " + std::string(to_string(by)) + ".\n";
  }
  const std::size_t names = names_width(width, 0);
  std::string title(to_string(by));
  std::transform(title.begin(), title.end(), title.begin(), [](unsigned char c) { return std::toupper(c); });
  std::string table;
  append_left(table, title + " (OF)", names);
  table += column_titles(width);
  for (const GroupRow& group : groups) {
    const std::string members = " (" + std::to_string(group.members.size()) + ")";
    append_left(table, cut_in_the_middle(printable(group.name), names - std::min(names, members.size())) + members,
                names);
    table += figures_of(group, width);
  }
  return table;
}

std::string group_json(const std::vector<GroupRow>& groups, GroupBy by) {
  boost::json::array list;
  for (const GroupRow& group : groups) {
    boost::json::array members;
    for (const WorkloadPtr& member : group.members) {
      members.emplace_back(valid_utf8(member->id));
    }
    boost::json::object one{{std::string(to_string(by)), valid_utf8(group.name)}, {"members", std::move(members)}};
    set_all_figures(one, group);
    list.push_back(std::move(one));
  }
  return printable_json(boost::json::serialize(list)) + '\n';
}

std::vector<UsageRow> selected(const std::vector<UsageRow>& rows, const Options::List& options) {
  const bool names_are_of_groups = group_by_named(options.group).has_value();
  std::vector<UsageRow> wanted;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(wanted), [&](const UsageRow& row) {
    const Workload& workload = *row.workload;
    const bool of_kind = options.kind == kAnyKind || options.kind == to_string(workload.kind);
    return of_kind && (names_are_of_groups || is_named(options.names, {workload.workload, workload.id}));
  });
  return wanted;
}

int run_list_command(const Options& options, std::ostream& out, std::ostream& err) {
  const bool reads_keys = options.list.watch && isatty(STDOUT_FILENO) != 0;  // a pager has the keys for itself
  WatchKeys keys(reads_keys ? STDIN_FILENO : -1);
  auto chosen = choose_reader(options);
  if (!chosen) {
    err << kErrorPrefix << to_string(chosen.error()) << '\n';
    return 1;
  }
  return show(*chosen->reader, chosen->notes, options, keys, out, err);
}

}  // namespace tallyman
