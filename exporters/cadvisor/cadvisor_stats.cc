#include "exporters/cadvisor/cadvisor_stats.h"

#include "collectors/model/catalogue.h"
#include "exporters/api_stats.h"
#include "exporters/api_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tallyman {
namespace {

namespace json = boost::json;
using Labels = std::vector<std::pair<std::string, std::string>>;

// Where a metric's value goes. `path` is a list of members with dots between. `element` names the label by which an
// array has one object for each value: that object's member `key` has the label's value.
struct Place {
  std::string_view metric;
  std::string_view path;
  std::string_view element{};  // a label
  std::string_view key{};      // "device", "name"
  std::string_view member{};   // of the element
  std::string_view only{};     // this series alone: its labels
};

constexpr std::string_view kInterface = "interface", kDevice = "device";

constexpr Place at(std::string_view metric, std::string_view path) { return {metric, path}; }
constexpr Place of_interface(std::string_view metric, std::string_view member) {
  return {metric, "network.interfaces", kInterface, "name", member};
}
constexpr Place of_filesystem(std::string_view metric, std::string_view member) {
  return {metric, "filesystem", kDevice, kDevice, member};
}
constexpr Place of_disk(std::string_view metric, std::string_view path, std::string_view operation) {
  return {metric, path, kDevice, kDevice, operation};
}

constexpr std::array kPlaces = {
    at("container_cpu_user_seconds_total", "cpu.usage.user"),
    at("container_cpu_system_seconds_total", "cpu.usage.system"),
    at("container_cpu_cfs_periods_total", "cpu.cfs.periods"),
    at("container_cpu_cfs_throttled_periods_total", "cpu.cfs.throttled_periods"),
    at("container_cpu_cfs_throttled_seconds_total", "cpu.cfs.throttled_time"),
    at("container_cpu_cfs_burst_periods_total", "cpu.cfs.bursts_periods"),
    at("container_cpu_cfs_burst_seconds_total", "cpu.cfs.burst_time"),
    at("container_cpu_schedstat_run_seconds_total", "cpu.schedstat.run_time"),
    at("container_cpu_schedstat_runqueue_seconds_total", "cpu.schedstat.runqueue_time"),
    at("container_cpu_schedstat_run_periods_total", "cpu.schedstat.run_periods"),
    at("container_pressure_cpu_waiting_seconds_total", "cpu.psi.some.total"),
    at("container_pressure_cpu_stalled_seconds_total", "cpu.psi.full.total"),
    at("container_pressure_memory_waiting_seconds_total", "memory.psi.some.total"),
    at("container_pressure_memory_stalled_seconds_total", "memory.psi.full.total"),
    at("container_pressure_io_waiting_seconds_total", "diskio.psi.some.total"),
    at("container_pressure_io_stalled_seconds_total", "diskio.psi.full.total"),
    at("container_memory_usage_bytes", "memory.usage"),
    at("container_memory_max_usage_bytes", "memory.max_usage"),
    at("container_memory_cache", "memory.cache"),
    at("container_memory_rss", "memory.rss"),
    at("container_memory_swap", "memory.swap"),
    at("container_memory_mapped_file", "memory.mapped_file"),
    at("container_memory_working_set_bytes", "memory.working_set"),
    at("container_memory_total_active_file_bytes", "memory.total_active_file"),
    at("container_memory_total_inactive_file_bytes", "memory.total_inactive_file"),
    at("container_memory_file_dirty_bytes", "memory.file_dirty"),
    at("container_memory_file_writeback_bytes", "memory.file_writeback"),
    at("container_memory_pgscan_total", "memory.pgscan"),
    at("container_memory_pgsteal_total", "memory.pgsteal"),
    at("container_memory_workingset_refault_file_total", "memory.workingset_refault_file"),
    at("container_memory_workingset_refault_anon_total", "memory.workingset_refault_anon"),
    at("container_memory_failcnt", "memory.failcnt"),
    at("container_memory_kernel_usage", "memory.kernel"),
    at("container_memory_events_high_total", "memory.events.high"),
    at("container_memory_events_max_total", "memory.events.max"),
    Place{.metric = "container_memory_failures_total",
          .path = "memory.container_data.pgfault",
          .only = R"(failure_type="pgfault",scope="container")"},
    Place{.metric = "container_memory_failures_total",
          .path = "memory.container_data.pgmajfault",
          .only = R"(failure_type="pgmajfault",scope="container")"},
    Place{.metric = "container_memory_failures_total",
          .path = "memory.hierarchical_data.pgfault",
          .only = R"(failure_type="pgfault",scope="hierarchy")"},
    Place{.metric = "container_memory_failures_total",
          .path = "memory.hierarchical_data.pgmajfault",
          .only = R"(failure_type="pgmajfault",scope="hierarchy")"},
    of_interface("container_network_receive_bytes_total", "rx_bytes"),
    of_interface("container_network_receive_packets_total", "rx_packets"),
    of_interface("container_network_receive_errors_total", "rx_errors"),
    of_interface("container_network_receive_packets_dropped_total", "rx_dropped"),
    of_interface("container_network_transmit_bytes_total", "tx_bytes"),
    of_interface("container_network_transmit_packets_total", "tx_packets"),
    of_interface("container_network_transmit_errors_total", "tx_errors"),
    of_interface("container_network_transmit_packets_dropped_total", "tx_dropped"),
    of_disk("container_fs_reads_bytes_total", "diskio.io_service_bytes", "Read"),
    of_disk("container_fs_writes_bytes_total", "diskio.io_service_bytes", "Write"),
    of_disk("container_fs_reads_total", "diskio.io_serviced", "Read"),
    of_disk("container_fs_writes_total", "diskio.io_serviced", "Write"),
    of_filesystem("container_fs_limit_bytes", "capacity"),
    of_filesystem("container_fs_usage_bytes", "usage"),
    of_filesystem("container_fs_layer_bytes", "base_usage"),
    of_filesystem("container_fs_available_bytes", "available"),
    of_filesystem("container_fs_inodes_total", "inodes"),
    of_filesystem("container_fs_inodes_free", "inodes_free"),
    of_filesystem("container_fs_layer_inodes", "inodes"),
    of_filesystem("container_fs_reads_merged_total", "reads_merged"),
    of_filesystem("container_fs_writes_merged_total", "writes_merged"),
    of_filesystem("container_fs_sector_reads_total", "sectors_read"),
    of_filesystem("container_fs_sector_writes_total", "sectors_written"),
    of_filesystem("container_fs_read_seconds_total", "read_time"),
    of_filesystem("container_fs_write_seconds_total", "write_time"),
    of_filesystem("container_fs_io_current", "io_in_progress"),
    of_filesystem("container_fs_io_time_seconds_total", "io_time"),
    of_filesystem("container_fs_io_time_weighted_seconds_total", "weighted_io_time"),
    at("container_processes", "processes.process_count"),
    at("container_file_descriptors", "processes.fd_count"),
    at("container_sockets", "processes.socket_count"),
    at("container_threads", "processes.threads_current"),
    at("container_threads_max", "processes.threads_max"),
    at("container_oom_events_total", "oom_events"),
    at("container_memory_migrate", "cpuset.memory_migrate"),
};

// What needs more than a place.
constexpr std::string_view kCpuUsageMetric = "container_cpu_usage_seconds_total";
constexpr std::string_view kBlkioMetric = "container_blkio_device_usage_total";
constexpr std::string_view kTasksMetric = "container_tasks_state";

json::object& object_at(json::object& parent, std::string_view name) {
  json::value& value = parent[name];
  if (!value.is_object()) value = json::object();
  return value.get_object();
}

json::array& array_at(json::object& parent, std::string_view name) {
  json::value& value = parent[name];
  if (!value.is_array()) value = json::array();
  return value.get_array();
}

// The object that has the last member of the path, and that member's name.
std::pair<json::object*, std::string_view> parent_of(json::object& root, std::string_view path) {
  json::object* parent = &root;
  for (auto dot = path.find('.'); dot != path.npos; dot = path.find('.')) {
    parent = &object_at(*parent, path.substr(0, dot));
    path.remove_prefix(dot + 1);
  }
  return {parent, path};
}

json::object& element_of(json::array& array, std::string_view key, std::string_view value) {
  for (json::value& one : array) {
    json::object& object = one.get_object();
    if (const json::value* name = object.if_contains(key); name != nullptr && name->get_string() == value) {
      return object;
    }
  }
  array.push_back(json::object{{key, value}});
  return array.back().get_object();
}

std::string_view label_value(const Labels& labels, std::string_view name) {
  const auto found = std::find_if(labels.begin(), labels.end(), [&](const auto& one) { return one.first == name; });
  return found == labels.end() ? std::string_view() : std::string_view(found->second);
}

void put(json::object& root, const Place& place, std::string_view labels, std::uint64_t number) {
  if (!place.only.empty() && labels != place.only) return;
  const auto [parent, last] = parent_of(root, place.path);
  if (place.element.empty()) {
    (*parent)[last] = number;
    return;
  }
  const Labels parsed = parse_labels(labels);
  json::object& element = element_of(array_at(*parent, last), place.key, label_value(parsed, place.element));
  const bool by_operation = place.path.starts_with("diskio.");
  (by_operation ? object_at(element, "stats") : element)[place.member] = number;
}

void put_cpu_usage(json::object& root, std::string_view labels, std::uint64_t number) {
  json::object& usage = object_at(object_at(root, "cpu"), "usage");
  const Labels parsed = parse_labels(labels);
  const std::string_view cpu = label_value(parsed, "cpu");
  if (cpu == "total") {
    usage["total"] = number;
    return;
  }
  array_at(usage, "per_cpu_usage").push_back(number);
  const json::value* total = usage.if_contains("total");
  usage["total"] = number + (total != nullptr ? total->to_number<std::uint64_t>() : 0);
}

// The device's numbers, and the operations that only this metric has: Sync, Async, Discard, Total.
void put_blkio(json::object& root, std::string_view labels, std::uint64_t number) {
  const Labels parsed = parse_labels(labels);
  json::array& devices = array_at(object_at(root, "diskio"), "io_service_bytes");
  json::object& device = element_of(devices, kDevice, label_value(parsed, kDevice));
  for (const std::string_view name : {"major", "minor"}) {
    std::uint64_t id = 0;
    const std::string_view text = label_value(parsed, name);
    std::from_chars(text.data(), text.data() + text.size(), id);
    device[name] = id;
  }
  object_at(device, "stats")[label_value(parsed, "operation")] = number;
}

void put_tasks(json::object& root, std::string_view labels, std::uint64_t number) {
  const Labels parsed = parse_labels(labels);
  const std::string_view state = label_value(parsed, "state");
  object_at(root, "task_stats")["nr_" + std::string(state)] = number;
}

enum class Special : std::uint8_t { kNone, kCpuUsage, kBlkio, kTasks };

// By metric, what to do with its series: made once.
struct Plan {
  std::vector<std::vector<const Place*>> places;
  std::vector<Special> special;

  static const Plan& get() {
    static const Plan kPlan;
    return kPlan;
  }

 private:
  Plan() : places(catalogue().size()), special(catalogue().size(), Special::kNone) {
    const MetricIndex index = MetricIndex::of_catalogue();
    for (const Place& place : kPlaces) {
      if (const auto id = index.find(place.metric)) places[*id].push_back(&place);
    }
    for (const auto& [metric, kind] :
         {std::pair(kCpuUsageMetric, Special::kCpuUsage), std::pair(kBlkioMetric, Special::kBlkio),
          std::pair(kTasksMetric, Special::kTasks)}) {
      if (const auto id = index.find(metric)) special[*id] = kind;
    }
  }
};

void put_special(json::object& root, Special special, std::string_view labels, std::uint64_t number) {
  switch (special) {
    case Special::kCpuUsage:
      return put_cpu_usage(root, labels, number);
    case Special::kBlkio:
      return put_blkio(root, labels, number);
    case Special::kTasks:
      return put_tasks(root, labels, number);
    case Special::kNone:
      return;
  }
}

// In v1 the first interface stands in the object itself too.
void repeat_first_interface(json::object& root) {
  json::value* network = root.if_contains("network");
  if (network == nullptr) return;
  json::object& object = network->get_object();
  const json::array& interfaces = array_at(object, "interfaces");
  if (interfaces.empty()) return;
  const json::object first = interfaces.front().get_object();
  for (const auto& [name, value] : first) object[name] = value;
}

// The number of operations has no labels of the device's numbers; the number of bytes has.
void number_serviced_devices(json::object& root) {
  json::value* diskio = root.if_contains("diskio");
  if (diskio == nullptr) return;
  const json::value* bytes = diskio->get_object().if_contains("io_service_bytes");
  json::value* serviced = diskio->get_object().if_contains("io_serviced");
  if (bytes == nullptr || serviced == nullptr) return;
  for (json::value& one : serviced->get_array()) {
    for (const json::value& numbered : bytes->get_array()) {
      if (numbered.at(kDevice) != one.at(kDevice)) continue;
      for (const char* name : {"major", "minor"}) {
        if (const json::value* id = numbered.get_object().if_contains(name)) one.get_object()[name] = *id;
      }
    }
  }
}

// A disk's operations stand beside its sectors too, where these are known: on the host.
void add_operations(const json::object& root, json::object& filesystem) {
  const json::value* diskio = root.if_contains("diskio");
  const json::value* serviced = diskio != nullptr ? diskio->get_object().if_contains("io_serviced") : nullptr;
  if (serviced == nullptr) return;
  for (const json::value& one : serviced->get_array()) {
    if (one.at(kDevice) != filesystem[kDevice]) continue;
    const json::object& stats = one.at("stats").get_object();
    for (const auto& [operation, name] :
         {std::pair("Read", "reads_completed"), std::pair("Write", "writes_completed")}) {
      if (const json::value* number = stats.if_contains(operation)) filesystem[name] = *number;
    }
  }
}

// cAdvisor tells file systems that it asks by statfs ("vfs") from those that it asks their own tools.
void complete_filesystems(json::object& root) {
  json::value* filesystems = root.if_contains("filesystem");
  if (filesystems == nullptr) return;
  json::array completed = std::move(filesystems->get_array());
  for (json::value& one : completed) {
    json::object& object = one.get_object();
    object["type"] = "vfs";
    object["has_inodes"] = object.contains("inodes");
    if (object.contains("sectors_read")) add_operations(root, object);
  }
  root["filesystem"] = std::move(completed);
}

}  // namespace

CadvisorSample cadvisor_sample(const SampledWorkload& sampled) {
  const Snapshot& snapshot = *sampled.snapshot;
  const std::chrono::nanoseconds time = snapshot.wall_time.time_since_epoch();
  json::object root{{"timestamp", rfc3339(static_cast<std::uint64_t>(time.count()))}};
  const Plan& plan = Plan::get();
  for (const Block* block : sampled.blocks) {
    for (const Series& series : block->plan->series) {
      const std::uint64_t number = snapshot.value(*block, series);
      if (number == kAbsent) continue;
      const std::string_view labels = block->plan->labels_of(series);
      for (const Place* place : plan.places[series.metric]) put(root, *place, labels, number);
      put_special(root, plan.special[series.metric], labels, number);
    }
  }
  repeat_first_interface(root);
  number_serviced_devices(root);
  complete_filesystems(root);
  return {time, std::move(root)};
}

}  // namespace tallyman
