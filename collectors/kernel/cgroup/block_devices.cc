#include "collectors/kernel/cgroup/block_devices.h"

namespace tallyman {
namespace {

constexpr std::size_t kMaxDevices = 4096;  // device numbers come from the kernel, but mounts can change for years

std::string device_path(std::string_view uevent) {
  constexpr std::string_view kKey = "DEVNAME=";
  std::size_t at = uevent.starts_with(kKey) ? 0 : uevent.find("\nDEVNAME=");
  if (at == std::string_view::npos) {
    return {};
  }
  at = uevent.find('=', at) + 1;
  return "/dev/" + std::string(uevent.substr(at, uevent.find('\n', at) - at));
}

}  // namespace

std::string_view BlockDevices::path(std::uint32_t major, std::uint32_t minor) {
  const std::uint64_t key = (std::uint64_t{major} << 32) | minor;
  if (const auto known = paths_.find(key); known != paths_.end()) {
    return known->second;
  }
  if (paths_.size() >= kMaxDevices) {
    paths_.clear();
  }
  const std::string uevent =
      root_.sys_path("dev/block/" + std::to_string(major) + ':' + std::to_string(minor) + "/uevent");
  const Result<std::string_view> text = read_file(uevent, buffer_);
  return paths_.emplace(key, text ? device_path(*text) : std::string()).first->second;
}

void BlockDevices::forget_unknown() {
  std::erase_if(paths_, [](const auto& entry) { return entry.second.empty(); });
}

}  // namespace tallyman
