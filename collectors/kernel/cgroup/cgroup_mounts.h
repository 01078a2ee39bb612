// Which cgroup hierarchies a host has and which controller is where: v1, v2 or both
// (hybrid), decided for each controller. Read from <procfs>/1/mountinfo; if that is not
// readable from self/mountinfo; else from the directories below cgroupfs.
#pragma once

#include "collectors/kernel/system/error.h"
#include "collectors/kernel/system/host_root.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

enum class Controller : std::uint8_t { kCpu, kCpuacct, kCpuset, kMemory, kIo, kPids, kHugetlb, kFreezer, kCount };
inline constexpr int kControllers = static_cast<int>(Controller::kCount);
std::string_view to_string(Controller controller);  // v1 names: "blkio" for kIo

enum class CgroupMode : std::uint8_t { kNone, kV1, kHybrid, kV2 };
std::string_view to_string(CgroupMode mode);

// One mounted hierarchy.
struct Hierarchy {
  std::string path;  // its directory on this machine
  bool v2 = false;
  std::vector<std::string> controllers;  // v1: as mounted, including "name=systemd"; v2: cgroup.controllers
};

class CgroupMounts {
 public:
  // An error only if no cgroup hierarchy is found at all.
  static Result<CgroupMounts> detect(const HostRoot& root);

  CgroupMode mode() const;
  const std::vector<Hierarchy>& hierarchies() const { return hierarchies_; }
  // Index into hierarchies(), or -1: the hierarchy that has this controller on v1 or on v2.
  int v1_index(Controller controller) const { return v1_[static_cast<std::size_t>(controller)]; }
  // Index of the v2 tree, or -1. Its core files (PSI, cgroup.events, cpu.stat) exist
  // regardless of its controllers.
  int unified_index() const { return unified_; }
  bool v2_has(Controller controller) const { return v2_controllers_[static_cast<std::size_t>(controller)]; }
  // The hierarchies that discovery scans for workloads, once each. The first one is the
  // one to watch first.
  std::vector<int> discovery_order() const;

  // The agent sees only its own subtree (a private cgroup namespace without the host's
  // tree mounted): its numbers would describe only itself.
  bool confined_to_namespace() const { return confined_; }
  // For the log: "hybrid: v2 at PATH (hugetlb); v1 at PATH (cpu,cpuacct,memory)".
  std::string describe() const;

 private:
  std::vector<Hierarchy> hierarchies_;
  std::array<int, kControllers> v1_{};
  std::array<bool, kControllers> v2_controllers_{};
  int unified_ = -1;
  bool confined_ = false;
};

}  // namespace tallyman
