#include "collectors/kernel/host/block_layers.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>

namespace tallyman {
namespace {

// Both have every whole device; partitions are in the first alone.
constexpr const char* kPlaces[] = {"class/block", "block"};

std::string sysfs_name(std::string_view device) {
  std::string name(device);
  std::replace(name.begin(), name.end(), '/', '!');
  return name;
}

std::string device_path(std::string_view name) {
  std::string path(name);
  std::replace(path.begin(), path.end(), '!', '/');
  return "/dev/" + path;
}

std::string last_name(std::string_view path) { return std::string(path.substr(path.rfind('/') + 1)); }
std::string name_of_parent(std::string_view path) {
  return last_name(path.substr(0, std::min(path.size(), path.rfind('/'))));
}

bool is_below(std::string_view path, std::string_view directory) {
  return directory == "/" || (path.starts_with(directory) &&
                              (path.size() == directory.size() || path.substr(directory.size()).starts_with('/')));
}

}  // namespace

std::string BlockLayers::directory_of(const std::string& name) const {
  std::string directory = root_.sys_path("class/block/" + name);
  return is_there(directory) ? directory : root_.sys_path("block/" + name);
}

void BlockLayers::read() {
  nodes_.clear();
  mounts_.clear();
  for (const char* place : kPlaces) {
    for (const std::string& name : names_in(root_.sys_path(place))) {
      if (!nodes_.contains(name)) {
        read_node(name);
      }
    }
  }
  for (const auto& [name, node] : nodes_) {
    for (const char* place : kPlaces) {
      const std::string directory = root_.sys_path(place) + '/' + name;
      for (const std::string& lower : names_in(directory + "/slaves")) {
        link(name, lower);
      }
      for (const std::string& upper : names_in(directory + "/holders")) {
        link(upper, name);
      }
    }
    if (name.starts_with("bcache")) {
      link_cache(name);
    } else if (name.starts_with("loop") && !node.empty) {
      link_loop(name);
    }
  }
  for (auto& [name, node] : nodes_) {
    node.redundant = is_redundant(name, node);
  }
  number_stacks();
}

void BlockLayers::read_node(const std::string& name) {
  const std::string directory = directory_of(name);
  Node& node = nodes_[name];
  node.partition = is_there(directory + "/partition");
  node.empty = read_line(directory + "/size", buffer_) == "0";
  node.hidden = read_line(directory + "/hidden", buffer_) == "1";
}

// Counters are those of whole devices.
void BlockLayers::link(const std::string& upper, std::string_view lower) {
  const std::string above = disk_of(upper), disk = disk_of(lower);
  if (const auto node = nodes_.find(above); node != nodes_.end() && !disk.empty() && disk != above) {
    node->second.below.insert(disk);
  }
}

// The cache of a bcache device is in no `slaves`. Its entry leads into the directory of the caching device.
void BlockLayers::link_cache(const std::string& name) {
  const std::string set = directory_of(name) + "/bcache/cache/";
  for (const std::string& entry : names_in(set)) {
    std::array<char, PATH_MAX> target{};
    if (entry.starts_with("cache") && realpath((set + entry).c_str(), target.data()) != nullptr) {
      link(name, name_of_parent(target.data()));  // .../block/sdb/sdb1/bcache
    }
  }
}

void BlockLayers::link_loop(const std::string& name) {
  const std::string file = read_line(directory_of(name) + "/loop/backing_file", buffer_);
  if (file.starts_with("/dev/")) {
    link(name, sysfs_name(std::string_view(file).substr(5)));
  } else if (file.starts_with('/')) {
    link(name, device_of_file(file));
  }
}

// The whole disk of a partition; other names as they are. Empty if it is not known.
std::string BlockLayers::disk_of(std::string_view name) const {
  const auto known = nodes_.find(name);
  if (known != nodes_.end() && !known->second.partition) {
    return known->first;
  }
  std::array<char, PATH_MAX> target{};
  const std::string link = root_.sys_path("class/block/" + std::string(name));
  if (const ssize_t size = readlink(link.c_str(), target.data(), target.size()); size > 0) {
    std::string disk = name_of_parent({target.data(), static_cast<std::size_t>(size)});  // .../block/sda/sda1
    if (const auto found = nodes_.find(disk); found != nodes_.end() && !found->second.partition) {
      return disk;
    }
  }
  std::string best;  // sysfs without links: the longest name that it begins with
  for (const auto& [disk, node] : nodes_) {
    if (!node.partition && disk.size() > best.size() && name.starts_with(disk)) {
      best = disk;
    }
  }
  return best;
}

// Of the file system that a file is on; empty if it is on none of a device.
std::string BlockLayers::device_of_file(std::string_view path) {
  if (mounts_.empty()) {
    if (const auto text = read_file(root_.proc_path("1/mountinfo"), buffer_)) {
      formats::parse_mountinfo(*text, mounts_);
    }
  }
  const formats::Mount* best = nullptr;
  for (const formats::Mount& mount : mounts_) {  // a later mount covers an earlier one
    if (is_below(path, mount.mount_point) &&
        (best == nullptr || mount.mount_point.size() >= best->mount_point.size())) {
      best = &mount;
    }
  }
  if (best == nullptr) {
    return {};
  }
  const std::string number = std::to_string(best->major) + ':' + std::to_string(best->minor);
  std::array<char, PATH_MAX> target{};
  const ssize_t size = readlink(root_.sys_path("dev/block/" + number).c_str(), target.data(), target.size());
  if (size > 0) {
    return last_name({target.data(), static_cast<std::size_t>(size)});
  }
  constexpr std::string_view kDev = "/dev/";
  return best->source.starts_with(kDev) ? sysfs_name(std::string_view(best->source).substr(kDev.size()))
                                        : std::string();
}

// With one device below, what is above passes it all on. With several, it depends on how.
bool BlockLayers::is_redundant(const std::string& name, const Node& node) {
  if (node.below.size() < 2) {
    return false;
  }
  const std::string directory = directory_of(name);
  const std::string level = read_line(directory + "/md/level", buffer_);
  if (level == "raid0" || level == "linear") {
    return false;
  }
  const std::string uuid = read_line(directory + "/dm/uuid", buffer_);
  // A logical volume over several disks is spread over them. LVM's mirrors and pools lie on its own hidden volumes.
  const bool on_disks = std::none_of(node.below.begin(), node.below.end(),
                                     [](const std::string& below) { return below.starts_with("dm-"); });
  return !uuid.starts_with("mpath-") && !(uuid.starts_with("LVM-") && on_disks);
}

void BlockLayers::number_stacks() {
  std::map<std::string_view, std::string_view> leader;
  const auto find = [&](std::string_view name) {
    while (leader.at(name) != name) {
      name = leader.at(name);
    }
    return name;
  };
  for (const auto& [name, node] : nodes_) {
    leader[name] = name;
  }
  std::set<std::string_view> has_above, joined, redundant;
  for (const auto& [name, node] : nodes_) {
    for (const std::string& lower : node.below) {
      has_above.insert(lower);
      joined.insert({name, lower});
      leader[find(lower)] = find(name);
    }
  }
  for (const auto& [name, node] : nodes_) {
    if (node.redundant) {
      redundant.insert(find(name));
    }
  }
  std::map<std::string_view, std::uint32_t> numbers;
  devices_.clear();
  for (const auto& [name, node] : nodes_) {
    if (node.partition || node.hidden || node.empty) {
      continue;
    }
    BlockDevice device;
    device.path = device_path(name);
    for (const std::string& lower : node.below) {
      device.lies_on.push_back(device_path(lower));
    }
    device.is_top = !has_above.contains(name);
    if (joined.contains(name)) {
      device.stack = numbers.try_emplace(find(name), static_cast<std::uint32_t>(numbers.size() + 1)).first->second;
      device.in_redundant_stack = redundant.contains(find(name));
    }
    devices_.push_back(std::move(device));
  }
  std::sort(devices_.begin(), devices_.end(),
            [](const BlockDevice& a, const BlockDevice& b) { return a.path < b.path; });
}

bool BlockLayers::is_partition(std::string_view device) const {
  const auto known = nodes_.find(sysfs_name(device));
  return known != nodes_.end() && known->second.partition;
}

bool BlockLayers::is_hidden(std::string_view device) const {
  const auto known = nodes_.find(sysfs_name(device));
  return known != nodes_.end() && known->second.hidden;
}

}  // namespace tallyman
