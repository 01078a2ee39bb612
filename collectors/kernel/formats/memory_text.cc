#include "collectors/kernel/formats/memory_text.h"

#include "collectors/kernel/formats/text_scanner.h"
#include "collectors/kernel/stats/cgroup_stats.h"

#include <algorithm>

namespace tallyman::formats {
namespace {

// The key's length is known in each case, so a comparison is a few loads.
Target memory_stat_v2_target(std::string_view key, MemoryStats& out) {
  switch (key.size()) {
    case 4:
      return {key == "anon" ? &out.anon : key == "file" ? &out.file : key == "sock" ? &out.sock : nullptr};
    case 5:
      return {key == "shmem" ? &out.shmem : nullptr};
    case 6:
      return {key == "kernel" ? &out.kernel : key == "pgscan" ? &out.pgscan : nullptr};
    case 7:
      return {key == "pgfault" ? &out.pgfault : key == "pgsteal" ? &out.pgsteal : nullptr};
    case 10:
      return {key == "pgmajfault" ? &out.pgmajfault : key == "file_dirty" ? &out.file_dirty : nullptr};
    case 11:
      return {key == "file_mapped" ? &out.file_mapped : key == "active_file" ? &out.active_file : nullptr};
    case 13:
      return {key == "inactive_file" ? &out.inactive_file : nullptr};
    case 14:
      return {key == "file_writeback" ? &out.file_writeback : nullptr};
    case 16:
      return {key == "slab_reclaimable" ? &out.slab_reclaimable : nullptr};
    case 18:  // before Linux 5.9 refaults were those of files alone
      return {key == "slab_unreclaimable"   ? &out.slab_unreclaimable
              : key == "workingset_refault" ? &out.workingset_refault_file
                                            : nullptr};
    case 23:
      return {key == "workingset_refault_anon"   ? &out.workingset_refault_anon
              : key == "workingset_refault_file" ? &out.workingset_refault_file
                                                 : nullptr};
    default:
      return {};
  }
}

Target memory_stat_v1_target(std::string_view key, MemoryStats& out) {
  constexpr std::string_view kTotal = "total_";
  if (!key.starts_with(kTotal)) {
    return {key == "pgfault" ? &out.pgfault_local : key == "pgmajfault" ? &out.pgmajfault_local : nullptr};
  }
  key.remove_prefix(kTotal.size());
  switch (key.size()) {
    case 3:
      return {key == "rss" ? &out.anon : nullptr};
    case 4:
      return {key == "swap" ? &out.swap_current : nullptr};
    case 5:
      return {key == "cache" ? &out.file : key == "shmem" ? &out.shmem : key == "dirty" ? &out.file_dirty : nullptr};
    case 7:
      return {key == "pgfault" ? &out.pgfault : nullptr};
    case 9:
      return {key == "writeback" ? &out.file_writeback : nullptr};
    case 10:
      return {key == "pgmajfault" ? &out.pgmajfault : nullptr};
    case 11:
      return {key == "mapped_file" ? &out.file_mapped : key == "active_file" ? &out.active_file : nullptr};
    case 13:
      return {key == "inactive_file" ? &out.inactive_file : nullptr};
    case 18:
      return {key == "workingset_refault" ? &out.workingset_refault_file : nullptr};
    case 23:
      return {key == "workingset_refault_anon"   ? &out.workingset_refault_anon
              : key == "workingset_refault_file" ? &out.workingset_refault_file
                                                 : nullptr};
    default:
      return {};
  }
}

Target may_wrap(Target target) {
  target.may_wrap = true;
  return target;
}

struct NumaRow {
  std::string_view type;
  bool hierarchical = false;
  std::uint64_t unit = 1;  // the value is divided by this to get pages
};

// "N0=142 N1=7"
bool append_nodes(FieldReader& fields, const NumaRow& row, RowWriter<NumaStats>& out) {
  for (std::string_view field; fields.next(field);) {
    const std::size_t equals = field.find('=');
    if (field.front() != 'N' || equals == std::string_view::npos) {
      return false;
    }
    const auto node = to_number<std::uint32_t>(field.substr(1, equals - 1));
    const Count figure = to_number(field.substr(equals + 1));
    if (!node || !figure) {
      return false;
    }
    if (is_wrapped(*figure)) {
      continue;
    }
    NumaStats& stats = out.slot();
    stats.type.assign(row.type);
    stats.hierarchical = row.hierarchical;
    stats.node = *node;
    stats.pages = *figure / row.unit;
    out.keep();
  }
  return true;
}

bool is_numa_type(std::string_view type) { return type == "file" || type == "anon" || type == "unevictable"; }

void parse_numa_row(FieldReader& fields, const NumaRow& row, RowReader& rows, RowWriter<NumaStats>& out) {
  if (!is_numa_type(row.type)) {
    return;
  }
  const std::size_t before = out.used();
  const bool understood = append_nodes(fields, row, out);
  if (!understood) {
    out.back_to(before);
  }
  rows.expect(understood);
}

}  // namespace

unsigned parse_memory_stat_v2(std::string_view text, MemoryStats& out) {
  return parse_keyed(text, [&out](std::string_view key) { return may_wrap(memory_stat_v2_target(key, out)); });
}

unsigned parse_memory_stat_v1(std::string_view text, MemoryStats& out) {
  return parse_keyed(text, [&out](std::string_view key) { return may_wrap(memory_stat_v1_target(key, out)); });
}

unsigned parse_memory_events(std::string_view text, MemoryEvents& out) {
  return parse_keyed(text, [&out](std::string_view key) -> Target {
    return {key == "low"        ? &out.low
            : key == "high"     ? &out.high
            : key == "max"      ? &out.max
            : key == "oom"      ? &out.oom
            : key == "oom_kill" ? &out.oom_kill
                                : nullptr};
  });
}

unsigned parse_oom_control(std::string_view text, MemoryEvents& out) {
  return parse_keyed(text,
                     [&out](std::string_view key) -> Target { return {key == "oom_kill" ? &out.oom_kill : nullptr}; });
}

unsigned parse_numa_stat_v1(std::string_view text, std::vector<NumaStats>& out) {
  RowReader rows(text);
  RowWriter<NumaStats> stats(out);
  for (std::string_view row; rows.next(row);) {
    FieldReader fields(row);
    std::string_view sum;
    if (!fields.next(sum)) {
      rows.expect(false);
      continue;
    }
    const std::size_t equals = std::min(sum.find('='), sum.size());
    constexpr std::string_view kHierarchical = "hierarchical_";
    NumaRow numa{sum.substr(0, equals), sum.starts_with(kHierarchical), 1};
    if (numa.hierarchical) {
      numa.type.remove_prefix(kHierarchical.size());
    }
    if (!is_numa_type(numa.type)) {
      continue;  // some kernels add rows of another form, "numa_locality 0 0"
    }
    if (equals == sum.size() || !to_number(sum.substr(equals + 1))) {
      rows.expect(false);
      continue;
    }
    parse_numa_row(fields, numa, rows, stats);
  }
  return rows.not_understood();
}

unsigned parse_numa_stat_v2(std::string_view text, std::uint64_t page_size, std::vector<NumaStats>& out) {
  RowReader rows(text);
  RowWriter<NumaStats> stats(out);
  for (std::string_view row; rows.next(row);) {
    FieldReader fields(row);
    std::string_view type;
    if (!fields.next(type) || is_numa_type(type.substr(0, type.find('='))) != is_numa_type(type) || page_size == 0) {
      rows.expect(false);
      continue;
    }
    parse_numa_row(fields, {type, true, page_size}, rows, stats);
  }
  return rows.not_understood();
}

}  // namespace tallyman::formats
