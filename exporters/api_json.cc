#include "exporters/api_json.h"

#include "collectors/model/utf8.h"
#include "collectors/model/workload_groups.h"
#include "exporters/api_stats.h"
#include "exporters/api_text.h"

#include <boost/json.hpp>

#include <map>

namespace tallyman {
namespace {

namespace json = boost::json;

// Sets a member if its value is known.
void set(json::object& object, std::string_view key, std::string_view text) {
  if (!text.empty()) object[key] = valid_utf8(text);
}
void set(json::object& object, std::string_view key, std::optional<std::uint64_t> number) {
  if (number) object[key] = *number;
}
void set(json::object& object, std::string_view key, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  json::array array;
  for (const std::string& text : texts) array.emplace_back(valid_utf8(text));
  object[key] = std::move(array);
}
void set(json::object& object, std::string_view key, json::array array) {
  if (!array.empty()) object[key] = std::move(array);
}
void set(json::object& object, std::string_view key, json::object inner) {
  if (!inner.empty()) object[key] = std::move(inner);
}

void set_time(json::object& object, std::string_view key, std::optional<std::uint64_t> nsec) {
  if (nsec) object[key] = rfc3339(*nsec);
}

json::array ports_of(const ContainerMetadata& container) {
  json::array ports;
  for (const PortMapping& port : container.ports) {
    json::object one{{"container_port", port.container_port}};
    set(one, "protocol", port.protocol);
    set(one, "host_ip", port.host_ip);
    if (port.host_port != 0) one["host_port"] = port.host_port;
    ports.push_back(std::move(one));
  }
  return ports;
}

json::array networks_of(const ContainerMetadata& container) {
  json::array networks;
  for (const NetworkAttachment& network : container.networks) {
    json::object one;
    set(one, "name", network.name);
    set(one, "ip_address", network.ip_address);
    set(one, "ipv6_address", network.ipv6_address);
    set(one, "mac_address", network.mac_address);
    set(one, "gateway", network.gateway);
    set(one, "aliases", network.aliases);
    set(one, "links", network.links);
    networks.push_back(std::move(one));
  }
  return networks;
}

json::array mounts_of(const ContainerMetadata& container) {
  json::array mounts;
  for (const MountPoint& mount : container.mounts) {
    json::object one;
    set(one, "type", mount.type);
    set(one, "source", mount.source);
    set(one, "destination", mount.destination);
    set(one, "name", mount.name);
    set(one, "driver", mount.driver);
    one["read_only"] = mount.read_only;
    mounts.push_back(std::move(one));
  }
  return mounts;
}

void set_container(json::object& object, const ContainerMetadata& container, const LabelFilter& filter) {
  set(object, "name", container.name);
  set(object, "image", container.image);
  json::object labels;
  for (const auto& [name, value] : container.labels) {
    if (filter.allows(name)) labels[valid_utf8(name)] = valid_utf8(value);
  }
  set(object, "labels", std::move(labels));
  set_time(object, "created", container.created_nsec);
  set_time(object, "started", container.started_nsec);
  if (container.init_pid) object["init_pid"] = *container.init_pid;
  if (container.health != Health::kNone) object["health"] = to_string(container.health);
  set(object, "restart_count", container.restart_count);
  set(object, "network_mode", container.network_mode);
  set(object, "storage_driver", container.storage_driver);
  set(object, "ports", ports_of(container));
  set(object, "networks", networks_of(container));
  set(object, "links", container.links);
  set(object, "mounts", mounts_of(container));
}

void set_compose(json::object& object, const Workload& workload) {
  const auto compose = compose_of(workload);
  if (!compose) return;
  json::object one;
  set(one, "project", compose->project);
  set(one, "service", compose->service);
  if (compose->number) one["number"] = *compose->number;
  if (compose->oneoff) one["oneoff"] = true;
  object["compose"] = std::move(one);
}

void set_swarm(json::object& object, const Workload& workload) {
  const auto swarm = swarm_of(workload);
  if (!swarm) return;
  json::object one;
  set(one, "stack", swarm->stack);
  set(one, "service", swarm->service);
  set(one, "task", swarm->task);
  set(one, "node", swarm->node);
  object["swarm"] = std::move(one);
}

// The workloads and groups that it belongs to.
void set_groups(json::object& object, const Workload& workload) {
  set_compose(object, workload);
  set_swarm(object, workload);
  if (const auto pod = pod_of(workload)) {
    set(object, "pod", pod->name);
    set(object, "namespace", pod->name_space);
    set(object, "pod_uid", pod->uid);
    set(object, "qos", pod->qos);
    if (pod->is_static) object["static_pod"] = true;
    set(object, "owner_kind", pod->owner.kind);
    set(object, "owner_name", pod->owner.name);
  }
  set(object, "ecs_task", workload.ecs_task);
  set(object, "slice", slice_of(workload));
  if (workload.user) object["user"] = *workload.user;
  if (workload.container.kubernetes) set(object, "container", workload.container.kubernetes->container);
  set(object, "inside", workload.inside);
}

json::value number_of(const StatValue& value) {
  if (value.scale == Scale::kUnits) return value.number;
  return seconds_of(value);
}

json::object stats_of(const Snapshot* snapshot, const BlockIndex& blocks, const Workload& workload,
                      const MetricIndex& metrics) {
  json::object stats;
  if (snapshot == nullptr) return stats;
  for (const NamedStat& stat : current_stats(*snapshot, blocks.of(workload), metrics)) {
    stats[stat.name] = number_of(stat.value);
  }
  return stats;
}

json::object object_of(const Workload& workload, const LabelFilter& labels) {
  json::object object;
  set(object, "id", workload.id);
  set(object, "kind", to_string(workload.kind));
  set(object, "workload", workload.workload);
  set(object, "runtime", workload.runtime);
  set(object, "container_id", workload.container_id);
  set_container(object, workload.container, labels);
  set_groups(object, workload);
  set(object, "started_by", workload.unit.started_by);
  if (workload.unit.started_nsec) set_time(object, "started", workload.unit.started_nsec);
  if (!workload.container.created_nsec) set_time(object, "created", workload.cgroup_created_nsec);
  if (workload.seen_nsec != 0) set_time(object, "seen", workload.seen_nsec);
  set_time(object, "ended", workload.ended_nsec);
  if (workload.ended_nsec && workload.container.exit) {
    if (workload.container.exit->code) object["exit_code"] = *workload.container.exit->code;
    if (workload.container.exit->signal) object["signal"] = *workload.container.exit->signal;
    object["oom_killed"] = workload.container.exit->oom_killed;
  }
  return object;
}

json::array programs_of(const WorkloadProcesses& processes) {
  json::array programs;
  for (const WorkloadProcesses::Program& program : processes.programs) {
    programs.push_back(json::object{{"executable", valid_utf8(program.executable)},
                                    {"processes", program.processes},
                                    {"threads", program.threads},
                                    {"rss_bytes", program.rss_bytes},
                                    {"cpu_seconds", static_cast<double>(program.cpu_nsec) / 1e9}});
  }
  return programs;
}

json::array namespaces_of(const WorkloadProcesses& processes) {
  json::array namespaces;
  for (const WorkloadProcesses::Namespace& one : processes.namespaces) {
    json::object object{{"type", one.type}, {"inode", one.inode}, {"sharing", one.sharing}};
    set(object, "with", one.with);
    namespaces.push_back(std::move(object));
  }
  return namespaces;
}

void set_instant(json::object& object, const Snapshot* snapshot) {
  if (snapshot == nullptr) return;
  object["sequence"] = snapshot->sequence;
  const auto since = std::chrono::duration_cast<std::chrono::nanoseconds>(snapshot->wall_time.time_since_epoch());
  set_time(object, "time", static_cast<std::uint64_t>(since.count()));
}

json::array series_of(const Snapshot& snapshot, const std::vector<const Block*>& blocks, const MetricIndex& metrics) {
  json::array all;
  for (const Block* block : blocks) {
    for (const Series& series : block->plan->series) {
      const std::uint64_t value = snapshot.value(*block, series);
      if (value == kAbsent || series.metric >= metrics.size()) continue;
      const MetricDefinition& metric = metrics.definition(series.metric);
      json::object one{{"name", metric.name}};
      json::object labels;
      for (const auto& [name, text] : parse_labels(block->plan->labels_of(series))) labels[name] = text;
      set(one, "labels", std::move(labels));
      one["value"] = number_of({value, metric.scale});
      all.push_back(std::move(one));
    }
  }
  return all;
}

}  // namespace

std::string workloads_json(const Snapshot* snapshot, const WorkloadList& workloads, const LabelFilter& labels,
                           const MetricIndex& metrics, bool ended) {
  const BlockIndex blocks(snapshot);
  json::object top;
  set_instant(top, snapshot);
  json::array list;
  list.reserve(workloads.size());
  for (const WorkloadPtr& workload : workloads) {
    json::object one = object_of(*workload, labels);
    set(one, "stats", stats_of(snapshot, blocks, *workload, metrics));
    list.push_back(std::move(one));
  }
  if (ended && snapshot != nullptr) {
    for (const Block& block : snapshot->layout->blocks) {
      if (!block.ended) continue;
      json::object one = object_of(*block.workload, labels);
      json::object stats;
      for (const NamedStat& stat : current_stats(*snapshot, {&block}, metrics))
        stats[stat.name] = number_of(stat.value);
      set(one, "stats", std::move(stats));
      list.push_back(std::move(one));
    }
  }
  top["workloads"] = std::move(list);
  return json::serialize(top);
}

std::string workload_json(const Snapshot* snapshot, const Workload& workload, const LabelFilter& labels,
                          const WorkloadProcesses& processes, const MetricIndex& metrics) {
  const BlockIndex blocks(snapshot);
  json::object top;
  set_instant(top, snapshot);
  for (auto& member : object_of(workload, labels)) top[member.key()] = std::move(member.value());
  set(top, "stats", stats_of(snapshot, blocks, workload, metrics));
  set(top, "processes", programs_of(processes));
  set(top, "namespaces", namespaces_of(processes));
  if (snapshot != nullptr) top["series"] = series_of(*snapshot, blocks.of(workload), metrics);
  return json::serialize(top);
}

std::string workload_identity_json(const Workload& workload, const LabelFilter& labels) {
  return json::serialize(object_of(workload, labels));
}

namespace {

// The content of tallyman_network_interface_info, one object per interface.
json::array interfaces_of(const Snapshot* snapshot, const std::vector<const Block*>& blocks,
                          const MetricIndex& metrics) {
  json::array all;
  const std::optional<MetricId> info = metrics.find("tallyman_network_interface_info");
  for (const Block* block : blocks) {
    for (const Series& series : block->plan->series) {
      if (!info || series.metric != *info || snapshot->value(*block, series) == kAbsent) continue;
      json::object one;
      for (const auto& [name, text] : parse_labels(block->plan->labels_of(series))) set(one, name, text);
      all.push_back(std::move(one));
    }
  }
  return all;
}

}  // namespace

std::string host_json(const Snapshot* snapshot, const WorkloadList& workloads, const HostFacts& facts,
                      const MetricIndex& metrics) {
  const auto known = [](unsigned count) { return count == 0 ? std::nullopt : std::optional<std::uint64_t>(count); };
  json::object top;
  set_instant(top, snapshot);
  set(top, "agent_version", facts.agent_version);
  set(top, "hostname", facts.hostname);
  set(top, "cgroup_mode", facts.cgroup_mode);
  set(top, "cgroup_hierarchies", facts.cgroup_hierarchies);
  set(top, "machine_id", facts.machine_id);
  set(top, "system_uuid", facts.system_uuid);
  set(top, "boot_id", facts.boot_id);
  set(top, "kernel_version", facts.kernel_version);
  set(top, "os_version", facts.os_version);
  set(top, "cpu_cores", known(facts.cpu_cores));
  set(top, "physical_cores", known(facts.physical_cores));
  set(top, "sockets", known(facts.sockets));
  set(top, "memory_bytes", facts.memory_bytes);
  set(top, "swap_bytes", facts.swap_bytes);
  if (facts.load_average) {
    top["load_average"] = json::array(facts.load_average->begin(), facts.load_average->end());
  }
  set_time(top, "booted",
           facts.boot_time_seconds ? std::optional(*facts.boot_time_seconds * 1'000'000'000)
                                   : std::optional<std::uint64_t>());
  const BlockIndex blocks(snapshot);
  std::map<std::string_view, std::uint64_t> kinds;
  for (const WorkloadPtr& workload : workloads) {
    ++kinds[to_string(workload->kind)];
    if (workload->kind != WorkloadKind::kHost) continue;
    set(top, "stats", stats_of(snapshot, blocks, *workload, metrics));
    set(top, "interfaces", interfaces_of(snapshot, blocks.of(*workload), metrics));
  }
  json::object counts;
  for (const auto& [kind, count] : kinds) counts[kind] = count;
  top["workloads"] = std::move(counts);
  return json::serialize(top);
}

}  // namespace tallyman
