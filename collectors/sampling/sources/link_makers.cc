#include "collectors/sampling/sources/link_makers.h"

#include <algorithm>

namespace tallyman {
namespace {

constexpr std::size_t kMaxNameLength = 15;  // IFNAMSIZ without its NUL

bool is_hexadecimal(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

struct Maker {
  std::string_view prefix, kind, maker;  // kind empty: any
};
// From the programs' documented defaults.
constexpr Maker kMakers[] = {
    {"docker", "bridge", "docker"},      {"flannel", "", "flannel"},     {"cni-podman", "bridge", "podman"},
    {"podman", "bridge", "podman"},      {"cni", "bridge", "cni"},       {"cbr0", "bridge", "cni"},
    {"nerdctl", "bridge", "cni"},        {"virbr", "bridge", "libvirt"}, {"lxcbr", "bridge", "lxc"},
    {"lxdbr", "bridge", "lxc"},          {"incusbr", "bridge", "lxc"},   {"cali", "veth", "calico"},
    {"vxlan.calico", "vxlan", "calico"}, {"tunl", "ipip", "calico"},     {"cilium_", "", "cilium"},
    {"lxc", "veth", "cilium"},           {"weave", "bridge", "weave"},   {"vethwe-", "veth", "weave"},
};

}  // namespace

std::string_view maker_of(std::string_view name, std::string_view kind) {
  constexpr std::string_view kUserBridge = "br-";  // and twelve digits of the network's id
  if (kind == "bridge" && name.starts_with(kUserBridge) && name.size() == kMaxNameLength &&
      is_hexadecimal(name.substr(kUserBridge.size()))) {
    return "docker";
  }
  for (const Maker& one : kMakers) {
    if (name.starts_with(one.prefix) && (one.kind.empty() || one.kind == kind)) {
      return one.maker;
    }
  }
  return {};
}

}  // namespace tallyman
