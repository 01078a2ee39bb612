#include "collectors/kernel/network/link_source.h"

#include "collectors/kernel/formats/cgroup_text.h"
#include "collectors/kernel/system/kernel_file.h"
#include "collectors/kernel/system/netlink.h"

#include <fcntl.h>
#include <linux/if_arp.h>
#include <linux/net_namespace.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <unistd.h>

#include <algorithm>
#include <map>

namespace tallyman {
namespace {

// This namespace's id for the owner's namespace; it exists if an interface connects the two.
std::optional<std::int32_t> id_of(netlink::Socket& socket, const NamespaceOwner& owner) {
  std::string request(NLMSG_ALIGN(sizeof(rtgenmsg)), '\0');
  std::string value;
  const FileDescriptor opened(open((owner.place.process + "/ns/net").c_str(), O_RDONLY | O_CLOEXEC));
  if (opened.valid()) {
    netlink::append(value, static_cast<std::uint32_t>(opened.get()));
    netlink::append_attribute(request, NETNSA_FD, value);
  } else if (owner.place.pid != 0) {  // this needs no rights over the process
    netlink::append(value, owner.place.pid);
    netlink::append_attribute(request, NETNSA_PID, value);
  } else {
    return {};
  }
  std::optional<std::int32_t> id;
  const Result<void> asked = socket.ask(RTM_GETNSID, request, [&](const netlink::Message& message) {
    if (message.type == RTM_NEWNSID) {
      id = parse_namespace_id(message.payload);
    }
  });
  const bool same = net_namespace_of(owner.place.process, owner.place.mark) == owner.place.inode;
  return asked && same ? id : std::nullopt;
}

void name_masters(std::vector<HostLink>& links) {
  std::map<std::uint32_t, std::string> names;
  for (const HostLink& link : links) {
    names[link.index] = link.name;
  }
  for (HostLink& link : links) {
    if (const auto master = names.find(link.master_index); link.master_index != 0 && master != names.end()) {
      link.master = master->second;
    }
  }
}

void sort_by_name(std::vector<HostLink>& links) {
  std::sort(links.begin(), links.end(), [](const HostLink& a, const HostLink& b) { return a.name < b.name; });
}

std::string last_part_of_link(const std::string& path) {
  char target[512];
  const ssize_t size = readlink(path.c_str(), target, sizeof target);
  const std::string_view text(target, size > 0 ? static_cast<std::size_t>(size) : 0);
  return std::string(text.substr(text.rfind('/') + 1));
}

}  // namespace

std::vector<HostLink> LinkSource::read(const NetworkPlace& host, const std::vector<NamespaceOwner>& owners,
                                       ReadReport& report) {
  std::vector<HostLink> links;
  if (NamespaceHome(root_).is(host)) {
    Result<std::vector<HostLink>> asked = ask_kernel(owners);
    if (!asked) {
      report.note(asked.error().kind, "rtnetlink: " + to_string(asked.error()));
      return {};
    }
    links = std::move(*asked);
  } else {
    links = read_sysfs();
  }
  sort_by_name(links);
  if (links.size() > kMaxLinks) {
    report.note(ErrorKind::kIo, std::to_string(links.size()) + " network interfaces; only the first " +
                                    std::to_string(kMaxLinks) + " are reported");
    links.resize(kMaxLinks);
  }
  return links;
}

Result<std::vector<HostLink>> LinkSource::ask_kernel(const std::vector<NamespaceOwner>& owners) {
  Result<netlink::Socket> socket = netlink::Socket::open(NETLINK_ROUTE);
  if (!socket) {
    return socket.error();
  }
  std::map<std::int32_t, const NamespaceOwner*> by_id;
  for (const NamespaceOwner& owner : owners) {
    if (const auto id = id_of(*socket, owner)) {
      by_id.emplace(*id, &owner);
    }
  }
  std::vector<HostLink> links;
  std::string request;
  netlink::append(request, ifinfomsg{});
  const Result<void> done = socket->dump(RTM_GETLINK, request, [&](const netlink::Message& message) {
    auto link = message.type == RTM_NEWLINK ? parse_link(message.payload) : std::nullopt;
    if (!link) {
      return;
    }
    if (const auto owner = link->peer_namespace ? by_id.find(*link->peer_namespace) : by_id.end();
        owner != by_id.end()) {
      link->owner = owner->second->name;
      link->owner_id = owner->second->id;
    }
    links.push_back(std::move(*link));
  });
  if (!done) {
    return done.error();
  }
  name_masters(links);
  return links;
}

// Documentation/ABI/testing/sysfs-class-net.
std::vector<HostLink> LinkSource::read_sysfs() {
  std::vector<HostLink> links;
  for (const std::string& name : names_in(root_.sys_path("class/net"))) {
    const std::string at = root_.sys_path("class/net/" + name);
    const Count index = formats::parse_number(read_line(at + "/ifindex", buffer_) + '\n');
    if (!index) {
      continue;  // "bonding_masters" is not an interface
    }
    HostLink link;
    link.index = static_cast<std::uint32_t>(*index);
    link.name = name;
    const auto uevent = read_file(at + "/uevent", buffer_);
    constexpr std::string_view kType = "DEVTYPE=";
    if (const std::size_t found = uevent ? uevent->find(kType) : std::string_view::npos;
        found != std::string_view::npos) {
      const std::string_view type = uevent->substr(found + kType.size());
      link.kind = type.substr(0, type.find('\n'));
    } else if (read_line(at + "/type", buffer_) == std::to_string(ARPHRD_LOOPBACK)) {
      link.kind = "loopback";
    } else if (is_there(at + "/device")) {
      link.kind = "physical";
    } else if (is_there(at + "/tun_flags")) {
      link.kind = "tun";
    }
    link.master = last_part_of_link(at + "/master");
    links.push_back(std::move(link));
  }
  return links;
}

}  // namespace tallyman
