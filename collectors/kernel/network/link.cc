#include "collectors/kernel/network/link.h"

#include "collectors/kernel/system/netlink.h"

#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>

namespace tallyman {
namespace {

constexpr std::size_t kMaxNameLength = 15;  // IFNAMSIZ without its NUL
constexpr std::size_t kMaxKindLength = 32;

// In network byte order, like vxlan's port.
Count port_of(std::string_view value) {
  if (value.size() < 2) {
    return {};
  }
  return static_cast<std::uint64_t>(static_cast<unsigned char>(value[0]) << 8 | static_cast<unsigned char>(value[1]));
}

template <class T>
Count number(std::string_view value) {
  const auto number = netlink::as<T>(value);
  return number ? Count(*number) : Count();
}

void parse_vxlan(std::string_view data, HostLink& link) {
  netlink::AttributeReader attributes(data);
  for (netlink::Attribute attribute; attributes.next(attribute);) {
    if (attribute.type == IFLA_VXLAN_ID) {
      link.vxlan_id = number<std::uint32_t>(attribute.value);
    } else if (attribute.type == IFLA_VXLAN_PORT) {
      link.vxlan_port = port_of(attribute.value);
    }
  }
}

void parse_vlan(std::string_view data, HostLink& link) {
  netlink::AttributeReader attributes(data);
  for (netlink::Attribute attribute; attributes.next(attribute);) {
    if (attribute.type == IFLA_VLAN_ID) {
      link.vlan_id = number<std::uint16_t>(attribute.value);
    }
  }
}

void parse_link_info(std::string_view info, HostLink& link) {
  std::string_view data;
  netlink::AttributeReader attributes(info);
  for (netlink::Attribute attribute; attributes.next(attribute);) {
    if (attribute.type == IFLA_INFO_KIND) {
      link.kind = netlink::as_text(attribute.value).substr(0, kMaxKindLength);
    } else if (attribute.type == IFLA_INFO_DATA) {
      data = attribute.value;
    }
  }
  if (link.kind == "vxlan") {
    parse_vxlan(data, link);
  } else if (link.kind == "vlan") {
    parse_vlan(data, link);
  }
}

}  // namespace

std::optional<HostLink> parse_link(std::string_view payload) {
  const auto head = netlink::as<ifinfomsg>(payload);
  if (!head || head->ifi_index <= 0) {
    return {};
  }
  HostLink link;
  link.index = static_cast<std::uint32_t>(head->ifi_index);
  netlink::AttributeReader attributes(payload.substr(sizeof(ifinfomsg)));
  for (netlink::Attribute attribute; attributes.next(attribute);) {
    switch (attribute.type) {
      case IFLA_IFNAME:
        link.name = netlink::as_text(attribute.value).substr(0, kMaxNameLength);
        break;
      case IFLA_MASTER:
        link.master_index = netlink::as<std::uint32_t>(attribute.value).value_or(0);
        break;
      case IFLA_LINK_NETNSID:
        link.peer_namespace = netlink::as<std::int32_t>(attribute.value);
        break;
      case IFLA_LINKINFO:
        parse_link_info(attribute.value, link);
        break;
      default:
        break;
    }
  }
  if (attributes.malformed() || link.name.empty()) {
    return {};
  }
  if (head->ifi_type == ARPHRD_LOOPBACK) {
    link.kind = "loopback";
  } else if (link.kind.empty()) {
    link.kind = "physical";
  }
  return link;
}

std::optional<std::int32_t> parse_namespace_id(std::string_view payload) {
  if (payload.size() < NLMSG_ALIGN(sizeof(rtgenmsg))) {
    return {};
  }
  netlink::AttributeReader attributes(payload.substr(NLMSG_ALIGN(sizeof(rtgenmsg))));
  for (netlink::Attribute attribute; attributes.next(attribute);) {
    if (attribute.type == NETNSA_NSID) {
      const auto id = netlink::as<std::int32_t>(attribute.value);
      return id && *id >= 0 ? id : std::nullopt;
    }
  }
  return {};
}

}  // namespace tallyman
