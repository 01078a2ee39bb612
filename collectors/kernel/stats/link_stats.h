// One network interface of the host: what kind it is and with what it is connected.
#pragma once

#include "collectors/kernel/stats/count.h"

#include <cstdint>
#include <optional>
#include <string>

namespace tallyman {

struct HostLink {
  std::uint32_t index = 0;
  std::string name;
  // The kernel's kind ("bridge", "veth", "vxlan", "tun", ...), or "physical" for a device
  // with a driver, or "loopback". Empty: not reported.
  std::string kind;
  // The software that makes interfaces of this kind and name: "docker", "flannel", "cni",
  // "podman", "libvirt", "lxc", "calico", "cilium", "weave". Empty: unknown.
  std::string made_by;
  std::uint32_t master_index = 0;  // the bridge or bond it belongs to; 0: none
  std::string master;
  std::optional<std::int32_t> peer_namespace;  // this namespace's id for the namespace of a veth's other end
  Count vxlan_id, vxlan_port, vlan_id;
  std::string owner, owner_id;  // the workload at the other end of a veth: its name and id
};

}  // namespace tallyman
