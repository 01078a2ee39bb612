#include "collectors/kernel/cgroup/cgroup_mounts.h"

#include "collectors/kernel/formats/proc_text.h"
#include "collectors/kernel/system/kernel_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <sstream>

namespace tallyman {
namespace {

// cgroup v2 calls blkio "io"; cpuacct is part of "cpu" there.
std::string_view v2_name(Controller controller) {
  switch (controller) {
    case Controller::kIo:
      return "io";
    case Controller::kCpuacct:
      return "cpu";
    default:
      return to_string(controller);
  }
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end != 0) {
      parts.emplace_back(text.substr(0, end));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

bool is_controller_or_name(const std::string& option) {
  if (option.starts_with("name=")) {
    return true;
  }
  constexpr std::string_view kOthers[] = {"devices", "net_cls", "net_prio", "perf_event", "rdma", "misc"};
  for (int i = 0; i < kControllers; ++i) {
    if (option == to_string(static_cast<Controller>(i))) {
      return true;
    }
  }
  return std::find(std::begin(kOthers), std::end(kOthers), option) != std::end(kOthers);
}

Hierarchy v2_hierarchy(std::string path, ReadBuffer& buffer) {
  Hierarchy hierarchy{std::move(path), true, {}};
  hierarchy.controllers = split(read_line(hierarchy.path + "/cgroup.controllers", buffer), ' ');
  return hierarchy;
}

Hierarchy v1_hierarchy(std::string path, std::string_view options) {
  Hierarchy hierarchy{std::move(path), false, {}};
  for (std::string& option : split(options, ',')) {
    if (is_controller_or_name(option)) {
      hierarchy.controllers.push_back(std::move(option));
    }
  }
  return hierarchy;
}

bool is_directory(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

bool exists(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0;
}

bool is_symbolic_link(const std::string& path) {
  struct stat status {};
  return lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode);
}

// A hierarchy that is mounted twice (by a container's bind mounts, say) counts once.
bool is_new(const std::vector<Hierarchy>& hierarchies, const Hierarchy& candidate) {
  return std::none_of(hierarchies.begin(), hierarchies.end(), [&](const Hierarchy& known) {
    return known.v2 == candidate.v2 && (known.v2 || known.controllers == candidate.controllers);
  });
}

std::vector<Hierarchy> from_mountinfo(const HostRoot& root, const std::string& file, ReadBuffer& buffer) {
  std::vector<Hierarchy> found;
  const Result<std::string_view> text = read_file(file, buffer);
  if (!text) {
    return found;
  }
  std::vector<formats::Mount> mounts;
  formats::parse_mountinfo(*text, mounts);
  for (const formats::Mount& mount : mounts) {
    if (mount.fs_type != "cgroup" && mount.fs_type != "cgroup2") {
      continue;
    }
    std::string path = root.cgroup_path(mount.mount_point);
    if (!is_directory(path)) {
      continue;
    }
    Hierarchy hierarchy = mount.fs_type == "cgroup2" ? v2_hierarchy(std::move(path), buffer)
                                                     : v1_hierarchy(std::move(path), mount.super_options);
    if ((hierarchy.v2 || !hierarchy.controllers.empty()) && is_new(found, hierarchy)) {
      found.push_back(std::move(hierarchy));
    }
  }
  return found;
}

// If no mountinfo can be read: v2 has cgroup.controllers at its root, and a v1 hierarchy
// is a directory named after its controllers ("cpu,cpuacct").
std::vector<Hierarchy> from_directories(const HostRoot& root, ReadBuffer& buffer) {
  std::vector<Hierarchy> found;
  const std::string top = root.cgroup_path("/sys/fs/cgroup");
  if (exists(top + "/cgroup.controllers")) {
    found.push_back(v2_hierarchy(top, buffer));
    return found;
  }
  for (const std::string& name : names_in(top)) {
    const std::string path = top + '/' + name;
    if (is_symbolic_link(path)) {
      continue;  // "cpu" -> "cpu,cpuacct"
    }
    if (exists(path + "/cgroup.controllers")) {
      found.push_back(v2_hierarchy(path, buffer));
    } else if (exists(path + "/cgroup.procs")) {
      Hierarchy hierarchy = v1_hierarchy(path, name == "systemd" ? "name=systemd" : name);
      if (!hierarchy.controllers.empty() && is_new(found, hierarchy)) {
        found.push_back(std::move(hierarchy));
      }
    }
  }
  return found;
}

// In a cgroup namespace a mount of the own tree has the root "/", and a mount of the
// host's tree has "/..": mountinfo shows roots relative to the reader's namespace.
bool sees_own_subtree_only(const HostRoot& root, ReadBuffer& buffer) {
  struct stat own {
  }, init{};
  const std::string own_path = root.proc_path("self/ns/cgroup");
  if (stat(own_path.c_str(), &own) != 0) {
    return false;
  }
  constexpr ino_t kInitCgroupNamespace = 0xEFFFFFFB;  // PROC_CGROUP_INIT_INO
  const bool init_readable = stat(root.proc_path("1/ns/cgroup").c_str(), &init) == 0;
  if (own.st_ino == kInitCgroupNamespace || (init_readable && init.st_ino == own.st_ino)) {
    return false;
  }
  const Result<std::string_view> text = read_file(root.proc_path("self/mountinfo"), buffer);
  if (!text) {
    return false;
  }
  std::vector<formats::Mount> mounts;
  formats::parse_mountinfo(*text, mounts);
  const std::string used = root.cgroup_path("/sys/fs/cgroup");
  return std::any_of(mounts.begin(), mounts.end(), [&](const formats::Mount& mount) {
    return mount.fs_type.starts_with("cgroup") && mount.mount_point.starts_with(used) && mount.root == "/";
  });
}

}  // namespace

std::string_view to_string(Controller controller) {
  switch (controller) {
    case Controller::kCpu:
      return "cpu";
    case Controller::kCpuacct:
      return "cpuacct";
    case Controller::kCpuset:
      return "cpuset";
    case Controller::kMemory:
      return "memory";
    case Controller::kIo:
      return "blkio";
    case Controller::kPids:
      return "pids";
    case Controller::kHugetlb:
      return "hugetlb";
    case Controller::kFreezer:
      return "freezer";
    case Controller::kCount:
      break;
  }
  return "";
}

std::string_view to_string(CgroupMode mode) {
  switch (mode) {
    case CgroupMode::kV1:
      return "v1";
    case CgroupMode::kHybrid:
      return "hybrid";
    case CgroupMode::kV2:
      return "v2";
    case CgroupMode::kNone:
      break;
  }
  return "none";
}

Result<CgroupMounts> CgroupMounts::detect(const HostRoot& root) {
  ReadBuffer buffer;
  CgroupMounts result;
  result.hierarchies_ = from_mountinfo(root, root.proc_path("1/mountinfo"), buffer);
  if (result.hierarchies_.empty()) {
    result.hierarchies_ = from_mountinfo(root, root.proc_path("self/mountinfo"), buffer);
  }
  if (result.hierarchies_.empty()) {
    result.hierarchies_ = from_directories(root, buffer);
  }
  if (result.hierarchies_.empty()) {
    return Error{ErrorKind::kUnsupported, ENOENT, root.cgroup_path("/sys/fs/cgroup") + " (no cgroup hierarchy)"};
  }
  result.v1_.fill(-1);
  result.v2_controllers_.fill(false);
  for (int i = 0; i < static_cast<int>(result.hierarchies_.size()); ++i) {
    const Hierarchy& hierarchy = result.hierarchies_[static_cast<std::size_t>(i)];
    const auto has = [&](std::string_view name) {
      return std::find(hierarchy.controllers.begin(), hierarchy.controllers.end(), name) != hierarchy.controllers.end();
    };
    for (int c = 0; c < kControllers; ++c) {
      const auto controller = static_cast<Controller>(c);
      if (hierarchy.v2) {
        result.v2_controllers_[static_cast<std::size_t>(c)] = has(v2_name(controller));
      } else if (has(to_string(controller))) {
        result.v1_[static_cast<std::size_t>(c)] = i;
      }
    }
    if (hierarchy.v2) {
      result.unified_ = i;
    }
  }
  result.confined_ = sees_own_subtree_only(root, buffer);
  return result;
}

CgroupMode CgroupMounts::mode() const {
  const bool any_v1 = std::any_of(hierarchies_.begin(), hierarchies_.end(), [](const Hierarchy& h) { return !h.v2; });
  if (unified_ < 0) {
    return any_v1 ? CgroupMode::kV1 : CgroupMode::kNone;
  }
  return any_v1 ? CgroupMode::kHybrid : CgroupMode::kV2;
}

std::vector<int> CgroupMounts::discovery_order() const {
  std::vector<int> order;
  const auto add = [&](int index) {
    if (index >= 0 && std::find(order.begin(), order.end(), index) == order.end()) {
      order.push_back(index);
    }
  };
  add(v1_index(Controller::kMemory));
  add(unified_);
  for (int c = 0; c < static_cast<int>(Controller::kFreezer); ++c) {
    add(v1_[static_cast<std::size_t>(c)]);
  }
  for (int i = 0; i < static_cast<int>(hierarchies_.size()); ++i) {
    const auto& names = hierarchies_[static_cast<std::size_t>(i)].controllers;
    if (std::find(names.begin(), names.end(), "name=systemd") != names.end()) {
      add(i);
    }
  }
  return order;
}

std::string CgroupMounts::describe() const {
  std::ostringstream text;
  text << to_string(mode());
  const char* separator = ": ";
  for (const Hierarchy& hierarchy : hierarchies_) {
    text << separator << (hierarchy.v2 ? "v2" : "v1") << " at " << hierarchy.path << " (";
    const char* comma = "";
    for (const std::string& name : hierarchy.controllers) {
      text << comma << name;
      comma = ",";
    }
    text << ')';
    separator = "; ";
  }
  return text.str();
}

}  // namespace tallyman
