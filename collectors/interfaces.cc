#include "collectors/model/collector.h"

namespace tallyman {
namespace {

constexpr const char* kSource = "rtnetlink, or /sys/class/net from another namespace";

constexpr MetricDefinition kMetrics[] = {
    {"tallyman_network_interface_info", MetricType::kGauge, "", Scale::kUnits,
     "Always 1. Describes an interface of the host: its kind, the software that made it, its bridge or bond, and the "
     "workload at the other end of a veth.",
     "interface,interface_kind,made_by,master,vxlan_id,vxlan_port,vlan_id,owner,owner_id", kSource, kSource},
};

std::string text_of(const Count& number) { return number ? std::to_string(*number) : std::string(); }

void collect(const Observation& observation, SeriesWriter& writer) {
  for (const HostLink& link : observation.links) {
    writer.put(0,
               {link.name, link.kind, link.made_by, link.master, text_of(link.vxlan_id), text_of(link.vxlan_port),
                text_of(link.vlan_id), link.owner, link.owner_id},
               1);
  }
}

}  // namespace

extern const Collector interfaces_collector{
    "interfaces", "the host's network interfaces: kind, bridge, and the workload of each veth", true,  Scope::kAgent,
    kMetrics,     SourceKind::kLinks | SourceKind::kNetwork | CgroupStatsKind::kPids,           false, collect};

}  // namespace tallyman
