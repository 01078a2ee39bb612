#include "collectors/model/collector.h"

#include <algorithm>
#include <span>
#include <vector>

namespace tallyman {
namespace {

constexpr MetricDefinition definition(std::string_view name, std::string_view unit, std::string_view help) {
  return {name, MetricType::kCounter, unit, Scale::kUnits, help, "interface", "/proc/PID/net/dev", "/proc/PID/net/dev"};
}

constexpr std::uint64_t InterfaceStats::*kColumns[] = {
    &InterfaceStats::rx_bytes, &InterfaceStats::rx_packets, &InterfaceStats::rx_errors, &InterfaceStats::rx_dropped,
    &InterfaceStats::tx_bytes, &InterfaceStats::tx_packets, &InterfaceStats::tx_errors, &InterfaceStats::tx_dropped,
};

constexpr MetricDefinition kMetrics[] = {
    definition("container_network_receive_bytes_total", "bytes",
               "Bytes received in the workload's own network namespace."),
    definition("container_network_receive_packets_total", "", "Packets received."),
    definition("container_network_receive_errors_total", "", "Errors while receiving."),
    definition("container_network_receive_packets_dropped_total", "", "Packets dropped while receiving."),
    definition("container_network_transmit_bytes_total", "bytes",
               "Bytes sent in the workload's own network namespace."),
    definition("container_network_transmit_packets_total", "", "Packets sent."),
    definition("container_network_transmit_errors_total", "", "Errors while sending."),
    definition("container_network_transmit_packets_dropped_total", "", "Packets dropped while sending."),
};
static_assert(std::size(kColumns) == std::size(kMetrics));

bool is_physical(const HostLink& link) { return link.kind == "physical"; }

// If the host is itself a container: the inner end of its veth, which belongs to no
// workload inside.
bool leads_out(const HostLink& link) {
  return (link.kind == "veth" || link.kind.empty()) && link.master_index == 0 && link.made_by.empty();
}

// For a packet from a container to another machine the host counts the same bytes on a
// veth, a bridge and its network card. Sums include the interfaces that lead out of the
// host; all interfaces, if none is known to. A workload has no such list, and no such
// interfaces.
bool (*summed_of(std::span<const HostLink> links))(const HostLink&) {
  for (auto* const rule : {&is_physical, &leads_out}) {
    if (std::any_of(links.begin(), links.end(), rule)) {
      return rule;
    }
  }
  return nullptr;
}

// One entry per interface; empty: all are included.
std::vector<bool> in_sums(const Observation& observation) {
  std::vector<bool> counted;
  const auto rule = summed_of(observation.links);
  if (rule == nullptr) {
    return counted;
  }
  for (const InterfaceStats& interface : observation.interfaces) {
    const auto is_it = [&](const HostLink& link) { return link.name == interface.name && rule(link); };
    counted.push_back(std::any_of(observation.links.begin(), observation.links.end(), is_it));
  }
  return counted;
}

void collect(const Observation& observation, SeriesWriter& writer) {
  const std::vector<bool> counted = in_sums(observation);
  for (unsigned metric = 0; metric < std::size(kMetrics); ++metric) {
    for (std::size_t i = 0; i < observation.interfaces.size(); ++i) {
      const InterfaceStats& interface = observation.interfaces[i];
      writer.count_in_sums(counted.empty() || counted[i]);
      writer.put(metric, {interface.name}, interface.*kColumns[metric]);
    }
  }
}

}  // namespace

extern const Collector network_collector{"network", "traffic by interface, in a workload's own network namespace",
                                         true,      Scope::kWorkload,
                                         kMetrics,  SourceKind::kNetwork | CgroupStatsKind::kPids,
                                         false,     collect};

}  // namespace tallyman
