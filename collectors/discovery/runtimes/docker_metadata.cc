#include "collectors/discovery/runtimes/docker_metadata.h"

#include "collectors/discovery/runtimes/json_facts.h"
#include "collectors/kernel/system/rfc3339.h"
#include "collectors/kernel/system/text.h"

#include <algorithm>
#include <chrono>
#include <limits>

namespace tallyman {
namespace {

using namespace json_facts;

std::optional<std::uint16_t> port_in(const json::object& object, std::string_view key) {
  if (const auto number = number_in(object, key))
    return *number <= 65535 ? std::optional(static_cast<std::uint16_t>(*number)) : std::nullopt;
  return to_number<std::uint16_t>(string_in(object, key));
}

// {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}], "9100/tcp": null}
std::vector<PortMapping> ports_in(const json::object& object, std::string_view key) {
  std::vector<PortMapping> ports;
  const auto* by_port = object_in(object, key);
  if (by_port == nullptr) return ports;
  for (const auto& [name, bindings] : *by_port) {
    const std::string_view text = view_of(name);
    const auto slash = std::min(text.find('/'), text.size());
    const auto number = to_number<std::uint16_t>(text.substr(0, slash));
    if (!number) continue;
    PortMapping port{*number, slash < text.size() ? std::string(text.substr(slash + 1)) : "tcp", "", 0};
    const auto* array = bindings.if_array();
    if (array == nullptr || array->empty()) {
      ports.push_back(std::move(port));
      continue;
    }
    for (const auto& entry : *array) {
      const auto* binding = entry.if_object();
      if (binding == nullptr) continue;
      port.host_ip = string_in(*binding, "HostIp");
      if (port.host_ip.empty()) port.host_ip = "0.0.0.0";  // as requested: every address
      port.host_port = port_in(*binding, "HostPort").value_or(0);
      ports.push_back(port);
    }
  }
  return ports;
}

std::vector<NetworkAttachment> networks_in(const json::object& settings) {
  std::vector<NetworkAttachment> networks;
  const auto* by_name = object_in(settings, "Networks");
  if (by_name == nullptr) return networks;
  for (const auto& [name, value] : *by_name) {
    NetworkAttachment network;
    network.name = name;
    if (const auto* facts = value.if_object()) {
      network.ip_address = string_in(*facts, "IPAddress");
      network.ipv6_address = string_in(*facts, "GlobalIPv6Address");
      network.mac_address = string_in(*facts, "MacAddress");
      network.gateway = string_in(*facts, "Gateway");
      network.aliases = strings_in(*facts, "Aliases");
      network.links = strings_in(*facts, "Links");
    }
    networks.push_back(std::move(network));
  }
  return networks;
}

std::vector<MountPoint> mounts_in(const json::object& config) {
  std::vector<MountPoint> mounts;
  const auto* by_destination = object_in(config, "MountPoints");
  if (by_destination == nullptr) return mounts;
  for (const auto& [destination, value] : *by_destination) {
    const auto* facts = value.if_object();
    if (facts == nullptr) continue;
    MountPoint mount;
    mount.type = string_in(*facts, "Type");
    mount.source = string_in(*facts, "Source");
    mount.destination = destination;
    mount.name = string_in(*facts, "Name");
    mount.driver = string_in(*facts, "Driver");
    mount.read_only = !bool_in(*facts, "RW").value_or(true);
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

Health health_in(const json::object& state) {
  const auto* health = object_in(state, "Health");
  if (health == nullptr) return Health::kNone;
  const std::string status = string_in(*health, "Status");
  if (status == "starting") return Health::kStarting;
  if (status == "healthy") return Health::kHealthy;
  if (status == "unhealthy") return Health::kUnhealthy;
  return Health::kNone;
}

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kDefaultInterval = 30 * kSecond, kDefaultTimeout = 30 * kSecond;  // of a check
constexpr std::uint64_t kDefaultStartInterval = 5 * kSecond;                              // in the start period
constexpr std::uint64_t kLateness = 10 * kSecond;                                         // of a busy daemon

// Before version 26 Docker writes the file after each check. Since then it writes it only when something else changes
// (moby pull request 47044): the file then keeps "starting", or what was true long ago.
std::optional<std::uint64_t> health_known_until(const json::object& config) {
  const auto* state = object_in(config, "State");
  const auto* health = state != nullptr ? object_in(*state, "Health") : nullptr;
  if (health == nullptr) return {};
  const auto* asked = object_in(config, "Config");
  const auto* check = asked != nullptr ? object_in(*asked, "Healthcheck") : nullptr;
  const auto set = [check](std::string_view key) {
    return check != nullptr ? number_in(*check, key).value_or(0) : 0;  // nanoseconds; 0: by default
  };
  const std::uint64_t interval = set("Interval") > 0 ? set("Interval") : kDefaultInterval;
  const std::uint64_t timeout = set("Timeout") > 0 ? set("Timeout") : kDefaultTimeout;

  const auto* log = member(*health, "Log");
  const auto* checks = log != nullptr ? log->if_array() : nullptr;
  if (checks != nullptr && !checks->empty()) {
    const auto* last = checks->back().if_object();
    const auto ended = last != nullptr ? parse_rfc3339_nsec(string_in(*last, "End")) : std::nullopt;
    return ended ? std::optional(*ended + interval + timeout + kLateness) : std::nullopt;
  }
  const auto started = parse_rfc3339_nsec(string_in(*state, "StartedAt"));
  if (string_in(*health, "Status") != "starting" || !started) return {};
  const std::uint64_t start_interval = set("StartInterval") > 0 ? set("StartInterval") : kDefaultStartInterval;
  return *started + (set("StartPeriod") > 0 ? std::min(start_interval, interval) : interval);
}

void take_state(const json::object& state, ContainerMetadata& metadata) {
  const auto pid = number_in(state, "Pid");
  const bool runs = bool_in(state, "Running").value_or(true) && pid.value_or(1) != 0;
  if (!runs) {
    const auto started = parse_rfc3339_nsec(string_in(state, "StartedAt"));
    const auto finished = parse_rfc3339_nsec(string_in(state, "FinishedAt"));
    if (!started || !finished || *finished < *started) return;
    metadata.exit = ContainerExit{{}, bool_in(state, "OOMKilled").value_or(false), *started, *finished};
    if (const auto code = number_in(state, "ExitCode")) metadata.exit->code = static_cast<std::int64_t>(*code);
    return;
  }
  metadata.started_nsec = parse_rfc3339_nsec(string_in(state, "StartedAt"));
  if (pid && *pid <= std::numeric_limits<std::int32_t>::max()) metadata.init_pid = static_cast<std::uint32_t>(*pid);
  metadata.health = health_in(state);
}

// The file has the requested link, "db:database" or "db"; Docker's API shows
// "/db:/web/database" for it.
std::string full_link(const std::string& link, const std::string& own_name) {
  if (link.starts_with('/')) return link;
  const auto colon = std::min(link.find(':'), link.size());
  const std::string target = link.substr(0, colon);
  const std::string alias = colon < link.size() ? link.substr(colon + 1) : target;
  return "/" + target + ":/" + own_name + "/" + alias;
}

bool has_own_ports(const std::string& network_mode) {
  return network_mode != "host" && network_mode != "none" && !network_mode.starts_with("container:");
}

void take_host_config(const json::object& config, ContainerMetadata& metadata) {
  metadata.network_mode = string_in(config, "NetworkMode");
  if (metadata.network_mode == "default") metadata.network_mode = "bridge";
  if (const auto shares = number_in(config, "CpuShares"); shares && *shares > 0) metadata.cpu_shares = shares;
  if (metadata.ports.empty() && has_own_ports(metadata.network_mode)) metadata.ports = ports_in(config, "PortBindings");
  for (const auto& link : strings_in(config, "Links")) metadata.links.push_back(full_link(link, metadata.name));
  const auto* tmpfs = object_in(config, "Tmpfs");
  if (tmpfs == nullptr) return;
  for (const auto& [destination, options] : *tmpfs) {
    MountPoint mount;
    mount.type = "tmpfs";
    mount.destination = destination;
    const auto* text = options.if_string();
    mount.read_only = text != nullptr && ("," + std::string(*text) + ",").find(",ro,") != std::string::npos;
    metadata.mounts.push_back(std::move(mount));
  }
}

}  // namespace

bool parse_docker_config(std::string_view text, ContainerMetadata& metadata,
                         std::optional<std::uint64_t>* health_until) {
  return with_object(text, [&metadata, health_until](const json::object& config) {
    if (health_until != nullptr) *health_until = health_known_until(config);
    metadata.name = string_in(config, "Name");
    if (metadata.name.starts_with('/')) metadata.name.erase(0, 1);
    metadata.storage_driver = string_in(config, "Driver");
    metadata.created_nsec = parse_rfc3339_nsec(string_in(config, "Created"));
    metadata.restart_count = number_in(config, "RestartCount");
    metadata.mounts = mounts_in(config);
    if (const auto* state = object_in(config, "State")) take_state(*state, metadata);
    if (const auto* settings = object_in(config, "NetworkSettings")) {
      metadata.networks = networks_in(*settings);
      metadata.ports = ports_in(*settings, "Ports");
    }
    const auto* asked = object_in(config, "Config");
    if (asked == nullptr) return;
    metadata.image = string_in(*asked, "Image");
    metadata.environment = variables_in(*asked, "Env");
    const auto* labels = object_in(*asked, "Labels");
    if (labels == nullptr) return;
    for (const auto& [key, value] : *labels)
      if (const auto* label = value.if_string()) metadata.labels[std::string(key)] = std::string(*label);
  });
}

bool parse_docker_host_config(std::string_view text, ContainerMetadata& metadata) {
  return with_object(text, [&metadata](const json::object& config) { take_host_config(config, metadata); });
}

std::optional<std::string> parse_docker_data_root(std::string_view text) {
  std::string data_root;
  const bool parsed = with_object(text, [&data_root](const json::object& config) {
    data_root = string_in(config, "data-root");
    if (data_root.empty()) data_root = string_in(config, "graph");
  });
  if (!parsed || (!data_root.empty() && !data_root.starts_with('/'))) return {};
  return data_root;
}

}  // namespace tallyman
