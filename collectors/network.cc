#include "collectors/collector.h"

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
               "Bytes received, in the network namespace of its own."),
    definition("container_network_receive_packets_total", "", "Packets received."),
    definition("container_network_receive_errors_total", "", "Errors while receiving."),
    definition("container_network_receive_packets_dropped_total", "", "Received packets that were dropped."),
    definition("container_network_transmit_bytes_total", "bytes", "Bytes sent, in the network namespace of its own."),
    definition("container_network_transmit_packets_total", "", "Packets sent."),
    definition("container_network_transmit_errors_total", "", "Errors while sending."),
    definition("container_network_transmit_packets_dropped_total", "", "Packets to send that were dropped."),
};
static_assert(std::size(kColumns) == std::size(kMetrics));

void collect(const Observation& observation, SeriesWriter& writer) {
  for (unsigned metric = 0; metric < std::size(kMetrics); ++metric) {
    for (const InterfaceStats& interface : observation.interfaces) {
      writer.put(metric, {interface.name}, interface.*kColumns[metric]);
    }
  }
}

}  // namespace

extern const Collector network_collector{"network", "traffic by interface, in namespaces of their own",
                                         true,      Scope::kWorkload,
                                         kMetrics,  StatsKind::kNetwork | StatsKind::kPids,
                                         false,     collect};

}  // namespace tallyman
