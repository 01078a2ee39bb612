// The state of a running domain as libvirt writes it into /run/libvirt/DRIVER/NAME.xml
// (<domstatus> with the <domain> in it). Pure: text in, facts out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tallyman {

struct LibvirtDomain {
  std::string name, uuid, title;
  std::optional<std::uint32_t> id;   // of this run: the N of its scope
  std::optional<std::uint32_t> pid;  // LXC: the container's init; QEMU: the emulator
};

// Empty: the text is no such XML.
std::optional<LibvirtDomain> parse_libvirt_domain(std::string_view text);

}  // namespace tallyman
