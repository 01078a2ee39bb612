#include "exporters/cadvisor/cadvisor_container.h"

#include "collectors/model/catalogue.h"
#include "collectors/model/utf8.h"
#include "exporters/api_text.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

namespace tallyman {
namespace {

namespace json = boost::json;

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();  // as cAdvisor says it

const MetricIndex& metrics() {
  static const MetricIndex kIndex = MetricIndex::of_catalogue();
  return kIndex;
}

std::optional<std::uint64_t> value_in(const SampledWorkload& sampled, std::string_view metric) {
  const auto id = metrics().find(metric);
  if (!id || sampled.snapshot == nullptr) return {};
  for (const Block* block : sampled.blocks) {
    if (const auto sum = sum_of(*sampled.snapshot, *block, *id)) return sum;
  }
  return {};
}

// 0 where the metric says that there is none.
void set_limit(json::object& spec, std::string_view name, std::optional<std::uint64_t> limit) {
  if (limit) spec[name] = *limit != 0 ? *limit : kNoLimit;
}

json::object cpu_spec(const SampledWorkload& sampled) {
  json::object cpu;
  if (const auto shares = value_in(sampled, "container_spec_cpu_shares")) cpu["limit"] = *shares;
  if (const auto quota = value_in(sampled, "container_spec_cpu_quota")) cpu["quota"] = *quota;
  if (const auto period = value_in(sampled, "container_spec_cpu_period")) cpu["period"] = *period;
  return cpu;
}

json::object memory_spec(const SampledWorkload& sampled) {
  json::object memory;
  set_limit(memory, "limit", value_in(sampled, "container_spec_memory_limit_bytes"));
  if (const auto low = value_in(sampled, "container_spec_memory_reservation_limit_bytes")) memory["reservation"] = *low;
  set_limit(memory, "swap_limit", value_in(sampled, "container_spec_memory_swap_limit_bytes"));
  return memory;
}

json::object exported_labels_of(const ContainerMetadata& container, const LabelFilter& filter) {
  json::object labels;
  for (const auto& [name, value] : container.labels) {
    if (filter.allows(name)) labels[valid_utf8(name)] = valid_utf8(value);
  }
  if (container.restart_count.value_or(0) > 0) labels["restartcount"] = std::to_string(*container.restart_count);
  return labels;
}

json::object variables_of(const ContainerMetadata& container) {
  json::object variables;
  for (const auto& [name, value] : container.environment) {
    std::string lower = valid_utf8(name);
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    variables[lower] = valid_utf8(value);
  }
  return variables;
}

json::array filesystems_of(const CadvisorSample* host) {
  json::array filesystems;
  const json::value* all = host != nullptr ? host->stats.if_contains("filesystem") : nullptr;
  if (all == nullptr) return filesystems;
  for (const json::value& one : all->get_array()) {
    json::object filesystem;
    for (const std::string_view name : {"device", "capacity", "type", "inodes", "has_inodes"}) {
      if (const json::value* value = one.get_object().if_contains(name)) filesystem[name] = *value;
    }
    filesystems.emplace_back(std::move(filesystem));
  }
  return filesystems;
}

}  // namespace

std::vector<std::string> cadvisor_aliases(const Workload& workload) {
  std::vector<std::string> aliases;
  for (const std::string& alias : {workload.container.name, workload.container_id}) {
    if (!alias.empty() && std::find(aliases.begin(), aliases.end(), alias) == aliases.end()) aliases.push_back(alias);
  }
  return aliases;
}

std::string_view cadvisor_namespace(const Workload& workload) {
  constexpr std::array<std::string_view, 4> kNamespaces = {"docker", "containerd", "podman", "crio"};
  const auto* found = std::find(kNamespaces.begin(), kNamespaces.end(), workload.runtime);
  if (found != kNamespaces.end()) return *found;
  return workload.runtime == "cri-o" ? "crio" : std::string_view();
}

json::object cadvisor_reference(const Workload& workload) {
  json::object reference;
  if (!workload.container_id.empty()) reference["id"] = valid_utf8(workload.container_id);
  reference["name"] = valid_utf8(workload.id);
  json::array aliases;
  for (const std::string& alias : cadvisor_aliases(workload)) aliases.emplace_back(valid_utf8(alias));
  if (!aliases.empty()) reference["aliases"] = std::move(aliases);
  if (const std::string_view name = cadvisor_namespace(workload); !name.empty()) reference["namespace"] = name;
  return reference;
}

json::object cadvisor_spec(const Workload& workload, const SampledWorkload& sampled, const LabelFilter& labels) {
  json::object spec;
  const auto created = workload.container.created_nsec ? workload.container.created_nsec : workload.cgroup_created_nsec;
  spec["creation_time"] = rfc3339(created.value_or(workload.seen_nsec));
  const auto started = workload.container.started_nsec ? workload.container.started_nsec : workload.unit.started_nsec;
  if (started) spec["start_time"] = rfc3339(*started);
  if (auto of = exported_labels_of(workload.container, labels); !of.empty()) spec["labels"] = std::move(of);
  if (auto of = variables_of(workload.container); !of.empty()) spec["envs"] = std::move(of);
  spec["has_cpu"] = value_in(sampled, "container_cpu_usage_seconds_total").has_value();
  spec["cpu"] = cpu_spec(sampled);
  spec["has_memory"] = value_in(sampled, "container_memory_usage_bytes").has_value();
  spec["memory"] = memory_spec(sampled);
  spec["has_hugetlb"] = value_in(sampled, "container_hugetlb_usage_bytes").has_value();
  spec["has_network"] = value_in(sampled, "container_network_receive_bytes_total").has_value();
  const auto threads = value_in(sampled, "container_threads_max");
  spec["has_processes"] = threads || value_in(sampled, "container_processes");
  json::object processes;
  if (threads) processes["limit"] = *threads;
  spec["processes"] = std::move(processes);
  spec["has_filesystem"] = value_in(sampled, "container_fs_usage_bytes").has_value();
  // The first read makes a device's row: the cgroup has the files before.
  spec["has_diskio"] = spec["has_memory"].get_bool();
  spec["has_custom_metrics"] = false;
  if (!workload.container.image.empty()) spec["image"] = valid_utf8(workload.container.image);
  return spec;
}

json::object cadvisor_spec_v2(const Workload& workload, const SampledWorkload& sampled, const LabelFilter& labels) {
  json::object spec = cadvisor_spec(workload, sampled, labels);
  json::object reference = cadvisor_reference(workload);
  for (const std::string_view name : {"aliases", "namespace"}) {
    if (json::value* value = reference.if_contains(name)) spec[name] = std::move(*value);
  }
  return spec;
}

json::object cadvisor_machine(const HostFacts& facts, const CadvisorSample* host) {
  json::object machine;
  if (host != nullptr) machine["timestamp"] = host->stats.at("timestamp");
  machine["num_cores"] = facts.cpu_cores;
  machine["num_physical_cores"] = facts.physical_cores;
  machine["num_sockets"] = facts.sockets;
  if (facts.memory_bytes) machine["memory_capacity"] = *facts.memory_bytes;
  if (facts.swap_bytes) machine["swap_capacity"] = *facts.swap_bytes;
  machine["machine_id"] = facts.machine_id;
  machine["system_uuid"] = facts.system_uuid;
  machine["boot_id"] = facts.boot_id;
  machine["filesystems"] = filesystems_of(host);
  machine["cloud_provider"] = "Unknown";
  machine["instance_type"] = "Unknown";
  machine["instance_id"] = "None";
  return machine;
}

json::object cadvisor_attributes(const HostFacts& facts, const CadvisorSample* host) {
  const json::object machine = cadvisor_machine(facts, host);
  json::object attributes{{"kernel_version", facts.kernel_version},
                          {"container_os_version", facts.os_version},
                          {"cadvisor_version", facts.agent_version}};
  for (const std::string_view name : {"num_cores", "memory_capacity", "machine_id", "system_uuid", "filesystems",
                                      "cloud_provider", "instance_type"}) {
    if (const json::value* value = machine.if_contains(name)) attributes[name] = *value;
  }
  return attributes;
}

}  // namespace tallyman
