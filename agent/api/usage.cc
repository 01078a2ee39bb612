#include "agent/api/usage.h"

#include "collectors/model/catalogue.h"
#include "collectors/model/workload_id.h"

#include <algorithm>
#include <map>
#include <utility>

namespace tallyman {
namespace {

// All of them are in the catalogue.
struct Metrics {
  MetricId cpu = *find_metric("container_cpu_usage_seconds_total");
  MetricId memory = *find_metric("container_memory_working_set_bytes");
  MetricId limit = *find_metric("container_spec_memory_limit_bytes");
  MetricId reads = *find_metric("container_fs_reads_bytes_total");
  MetricId writes = *find_metric("container_fs_writes_bytes_total");
  MetricId received = *find_metric("container_network_receive_bytes_total");
  MetricId sent = *find_metric("container_network_transmit_bytes_total");
  MetricId threads = *find_metric("container_threads");
  MetricId runtime_cpu = *find_metric("container_runtime_cpu_seconds_total");
  MetricId runtime_memory = *find_metric("container_runtime_memory_rss_bytes");
  MetricId kernel_memory = *find_metric("container_memory_kernel_usage");
  MetricId layer = *find_metric("container_fs_layer_bytes");
  MetricId cpu_pressure = *find_metric("container_pressure_cpu_waiting_seconds_total");
  MetricId memory_pressure = *find_metric("container_pressure_memory_waiting_seconds_total");
  MetricId io_pressure = *find_metric("container_pressure_io_waiting_seconds_total");
};

// The blocks that carry workload series. The host has two further blocks.
std::map<std::string_view, const Block*> blocks_by_id(const Snapshot& snapshot) {
  std::map<std::string_view, const Block*> found;
  for (const Block& block : snapshot.layout->blocks) {
    if (!block.ended) {
      found.emplace(block.workload->id, &block);
    }
  }
  return found;
}

// Growth over the time between two readings of the counter, which is not always that between two snapshots.
class Rates {
 public:
  Rates(const Snapshot& before, const Snapshot& after) : before_(before), after_(after) {}

  std::optional<double> of(const Block* old, const Block& now, MetricId metric, double units_per_second) const {
    return old ? rate(*old, now, metric, units_per_second, after_.time_of(now) - before_.time_of(*old)) : std::nullopt;
  }
  // What is counted by processes that are not all bare.
  std::optional<double> of_processes(const Block* old, const Block& now, MetricId metric,
                                     double units_per_second) const {
    const bool timed = before_.processes_time != Snapshot::kNotTimed && after_.processes_time != Snapshot::kNotTimed;
    return old && timed ? rate(*old, now, metric, units_per_second, after_.processes_time - before_.processes_time)
                        : of(old, now, metric, units_per_second);
  }

 private:
  std::optional<double> rate(const Block& old, const Block& now, MetricId metric, double units_per_second,
                             std::chrono::steady_clock::duration time) const {
    const auto last = sum_of(after_, now, metric);
    const auto first = sum_of(before_, old, metric);
    const double seconds = std::chrono::duration<double>(time).count();
    if (!first || !last || *last < *first || seconds <= 0) {
      return std::nullopt;
    }
    return static_cast<double>(*last - *first) / units_per_second / seconds;
  }

  const Snapshot& before_;
  const Snapshot& after_;
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
  row.runtime_cpu_cores = rates.of_processes(old, now, metrics.runtime_cpu, kNanoseconds);
  row.runtime_memory_bytes = sum_of(after, now, metrics.runtime_memory);
  row.kernel_memory_bytes = sum_of(after, now, metrics.kernel_memory);
  row.layer_bytes = sum_of(after, now, metrics.layer);
  row.cpu_pressure = rates.of(old, now, metrics.cpu_pressure, kMicroseconds);
  row.memory_pressure = rates.of(old, now, metrics.memory_pressure, kMicroseconds);
  row.io_pressure = rates.of(old, now, metrics.io_pressure, kMicroseconds);
  return row;
}

// True if the workload lies below one of `others` (sorted), whose figures then include it.
bool lies_below_one_of(const std::string& id, const std::vector<std::string_view>& others) {
  const auto cgroup = WorkloadId(id).cgroup();
  if (!cgroup) {
    return false;
  }
  for (CgroupPath above = cgroup->parent(); !above.is_root(); above = above.parent()) {
    if (std::binary_search(others.begin(), others.end(), above.text())) {
      return true;
    }
  }
  return false;
}

void add(std::optional<std::uint64_t>& total, std::optional<std::uint64_t> one) {
  if (one) {
    total = total.value_or(0) + *one;
  }
}

// Pressure is a share of time. Members wait at the same time, so a sum would mean nothing.
void add_accounted_upwards(Usage& total, const Usage& one) {
  total.cpu_cores = sum(total.cpu_cores, one.cpu_cores);
  add(total.memory_bytes, one.memory_bytes);
  add(total.kernel_memory_bytes, one.kernel_memory_bytes);
  total.io_bytes_per_second = sum(total.io_bytes_per_second, one.io_bytes_per_second);
  add(total.threads, one.threads);
}

GroupRow group_row(std::string name, const std::vector<const UsageRow*>& members) {
  GroupRow group;
  group.name = std::move(name);
  std::vector<std::string_view> ids;
  for (const UsageRow* one : members) {
    ids.push_back(one->workload->id);
    group.members.push_back(one->workload);
    group.network_bytes_per_second = sum(group.network_bytes_per_second, one->network_bytes_per_second);
    group.runtime_cpu_cores = sum(group.runtime_cpu_cores, one->runtime_cpu_cores);
    add(group.runtime_memory_bytes, one->runtime_memory_bytes);
    add(group.layer_bytes, one->layer_bytes);
  }
  std::sort(ids.begin(), ids.end());
  for (const UsageRow* one : members) {
    if (!lies_below_one_of(one->workload->id, ids)) {
      add_accounted_upwards(group, *one);
    }
  }
  return group;
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

std::string group_name(const UsageRow& row, GroupBy by) {
  if (!row.groups) return group_of(*row.workload, by);
  const auto found = row.groups->find(by);
  return found == row.groups->end() ? std::string() : found->second;
}

std::vector<GroupRow> grouped(const std::vector<UsageRow>& rows, GroupBy by) {
  std::map<std::string, std::vector<const UsageRow*>> groups;
  for (const UsageRow& row : rows) {
    std::string name = group_name(row, by);
    if (!name.empty()) {
      groups[std::move(name)].push_back(&row);
    }
  }
  std::vector<GroupRow> all;
  all.reserve(groups.size());
  for (auto& [name, members] : groups) {
    all.push_back(group_row(name, members));
  }
  return all;
}

}  // namespace tallyman
