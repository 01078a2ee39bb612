// The host's network interfaces, read by rtnetlink in the host's namespace. If the agent
// is in another one (a container's), from the host's /sys/class/net, which has less.
// Takes the kernel's lock on networks, which others may hold for long: use a separate
// thread.
#pragma once

#include "collectors/kernel/network/link.h"
#include "collectors/kernel/network/net_namespace.h"
#include "collectors/kernel/system/host_root.h"
#include "collectors/kernel/system/kernel_file.h"
#include "collectors/kernel/system/read_report.h"

#include <string>
#include <vector>

namespace tallyman {

// A workload with a network namespace of its own.
struct NamespaceOwner {
  NetworkPlace place;
  std::string name, id;
};

class LinkSource {
 public:
  static constexpr std::size_t kMaxLinks = 8192;

  explicit LinkSource(HostRoot root) : root_(std::move(root)) {}

  // Sorted by name. `owners` says which workload the peer of a veth belongs to.
  std::vector<HostLink> read(const NetworkPlace& host, const std::vector<NamespaceOwner>& owners, ReadReport& report);

 private:
  Result<std::vector<HostLink>> ask_kernel(const std::vector<NamespaceOwner>& owners);
  std::vector<HostLink> read_sysfs();

  HostRoot root_;
  ReadBuffer buffer_;
};

}  // namespace tallyman
