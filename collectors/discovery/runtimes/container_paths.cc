#include "collectors/discovery/runtimes/container_paths.h"

#include "collectors/discovery/runtimes/container_files.h"
#include "collectors/discovery/runtimes/systemd_paths.h"

namespace tallyman {
namespace {

constexpr std::string_view kLxcPayload = "lxc.payload.";

// Podman's pods have ids of the same form; their containers are not inside of a container.
bool is_pod_of_podman(CgroupPath cgroup) {
  return cgroup.name().find("libpod_pod_") != std::string_view::npos ||
         (cgroup.parent().name() == "libpod_parent" && is_container_id(cgroup.name()));
}

}  // namespace

bool is_container_by_path(CgroupPath cgroup) {
  const std::string_view name = cgroup.name(), above = cgroup.parent().name();
  if (contains_container_id(name)) return !is_pod_of_podman(cgroup);
  return (name.starts_with(kLxcPayload) && name.size() > kLxcPayload.size()) || above == "lxc.payload" ||
         cgroup.parent() == CgroupPath("/lxc") || !machine_at(cgroup.text()).empty() ||
         name.ends_with(".libvirt-lxc") || name.ends_with(".libvirt-qemu");
}

bool is_in_a_container_by_path(std::string_view cgroup_path) {
  for (CgroupPath cgroup(cgroup_path); !cgroup.is_root() && !cgroup.text().empty(); cgroup = cgroup.parent()) {
    if (is_container_by_path(cgroup)) return true;
  }
  return false;
}

bool is_overhead_of_a_container(std::string_view cgroup_path) {
  return CgroupPath(cgroup_path).parent().name() == "kata_overhead";
}

}  // namespace tallyman
