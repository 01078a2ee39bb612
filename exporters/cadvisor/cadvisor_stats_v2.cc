#include "exporters/cadvisor/cadvisor_stats_v2.h"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tallyman {
namespace {

namespace json = boost::json;

std::optional<std::uint64_t> number_at(const json::object& root, std::initializer_list<std::string_view> path) {
  const json::object* object = &root;
  const json::value* value = nullptr;
  for (const std::string_view name : path) {
    if (object == nullptr) return {};
    value = object->if_contains(name);
    object = value != nullptr ? value->if_object() : nullptr;
  }
  if (value == nullptr || !value->is_number()) return {};
  return value->to_number<std::uint64_t>();
}

void copy_member(json::object& to, const json::object& from, std::string_view name, std::string_view new_name = {}) {
  if (const json::value* value = from.if_contains(name)) to[new_name.empty() ? name : new_name] = *value;
}

// Nanoseconds of CPU time a second, from two samples. Empty without an earlier one, or if a counter ran backwards.
json::object instant_cpu(const CadvisorSample& now, const CadvisorSample* before) {
  if (before == nullptr || now.time <= before->time) return {};
  const double seconds = std::chrono::duration<double>(now.time - before->time).count();
  json::object usage;
  for (const std::string_view name : {"total", "user", "system"}) {
    const auto then = number_at(before->stats, {"cpu", "usage", name});
    const auto later = number_at(now.stats, {"cpu", "usage", name});
    if (!then || !later || *later < *then) return {};
    usage[name] = static_cast<std::uint64_t>(static_cast<double>(*later - *then) / seconds);
  }
  return {{"usage", std::move(usage)}};
}

// Without the first interface's repetition.
json::object network_v2(const json::object& stats) {
  json::object network;
  const json::value* v1 = stats.if_contains("network");
  if (v1 != nullptr) copy_member(network, v1->get_object(), "interfaces");
  return network;
}

// Of machinestats: times are nanoseconds, and the disk's figures in an object of their own, called "inline".
json::object machine_filesystem(const json::object& filesystem) {
  json::object one, disk;
  for (const std::string_view name : {"device", "type", "capacity", "usage", "available", "inodes_free"}) {
    copy_member(one, filesystem, name);
  }
  for (const std::string_view name :
       {"reads_completed", "reads_merged", "sectors_read", "writes_completed", "writes_merged", "sectors_written"}) {
    copy_member(disk, filesystem, name);
  }
  copy_member(disk, filesystem, "io_in_progress");
  constexpr std::uint64_t kNanosecondsPerMillisecond = 1'000'000;
  for (const auto& [name, new_name] :
       {std::pair("read_time", "read_duration"), std::pair("write_time", "write_duration"),
        std::pair("io_time", "io_duration"), std::pair("weighted_io_time", "weighted_io_duration")}) {
    if (const auto milliseconds = number_at(filesystem, {name})) {
      disk[new_name] = *milliseconds * kNanosecondsPerMillisecond;
    }
  }
  if (!disk.empty()) one["inline"] = std::move(disk);
  return one;
}

}  // namespace

json::object cadvisor_stats_v2(const CadvisorSample& now, const CadvisorSample* before) {
  const json::object& stats = now.stats;
  json::object v2;
  for (const std::string_view name : {"timestamp", "cpu", "diskio", "memory", "hugetlb", "processes"}) {
    copy_member(v2, stats, name);
  }
  if (auto instant = instant_cpu(now, before); !instant.empty()) v2["cpu_inst"] = std::move(instant);
  if (auto network = network_v2(stats); !network.empty()) v2["network"] = std::move(network);
  copy_member(v2, stats, "task_stats", "load_stats");
  const json::value* filesystems = stats.if_contains("filesystem");
  if (filesystems != nullptr && filesystems->get_array().size() == 1) {
    const json::object& only = filesystems->get_array().front().get_object();
    json::object filesystem;
    copy_member(filesystem, only, "usage", "totalUsageBytes");
    copy_member(filesystem, only, "base_usage", "baseUsageBytes");
    copy_member(filesystem, only, "inodes", "containter_inode_usage");  // as it is spelled there
    v2["filesystem"] = std::move(filesystem);
  }
  return v2;
}

json::object cadvisor_machine_stats(const CadvisorSample& now, const CadvisorSample* before) {
  json::object machine = cadvisor_stats_v2(now, before);
  machine.erase("diskio");
  machine.erase("hugetlb");
  machine.erase("processes");
  machine.erase("filesystem");
  const json::value* filesystems = now.stats.if_contains("filesystem");
  if (filesystems == nullptr) return machine;
  json::array all;
  for (const json::value& one : filesystems->get_array()) all.push_back(machine_filesystem(one.get_object()));
  machine["filesystem"] = std::move(all);
  return machine;
}

json::object cadvisor_stats_v2_0(const CadvisorSample& now, const CadvisorSample* before) {
  const json::object& stats = now.stats;
  json::object old;
  for (const std::string_view name : {"timestamp", "cpu", "diskio", "memory", "hugetlb", "processes", "filesystem"}) {
    copy_member(old, stats, name);
    if (name != "timestamp") old["has_" + std::string(name)] = stats.contains(name);
  }
  if (auto instant = instant_cpu(now, before); !instant.empty()) old["cpu_inst"] = std::move(instant);
  auto network = network_v2(stats);
  old["has_network"] = !network.empty();
  if (!network.empty()) old["network"] = std::move(network);
  old["has_load"] = stats.contains("task_stats");
  copy_member(old, stats, "task_stats", "load_stats");
  return old;
}

}  // namespace tallyman
