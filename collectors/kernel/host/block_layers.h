// What the whole block devices of a machine lie on, from sysfs: `slaves` and `holders`
// (device mapper, multipath, LUKS, md, bcache), the disk of a partition, the disk that has
// the file of a loop device. NVMe's hidden paths are no devices of their own. One thread.
#pragma once

#include "collectors/kernel/formats/proc_text.h"
#include "collectors/kernel/stats/host_stats.h"
#include "collectors/kernel/system/host_root.h"
#include "collectors/kernel/system/kernel_file.h"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

class BlockLayers {
 public:
  explicit BlockLayers(HostRoot root) : root_(std::move(root)) {}

  // Reads all of it again.
  void read();

  // Sorted by path.
  const std::vector<BlockDevice>& devices() const { return devices_; }
  // By the name in /proc/diskstats. False for devices that sysfs does not have.
  bool is_partition(std::string_view device) const;
  bool is_hidden(std::string_view device) const;

 private:
  struct Node {
    bool partition = false, hidden = false, empty = false;  // empty: of no size, as an unused loop device
    bool redundant = false;
    std::set<std::string> below;
  };
  using Nodes = std::map<std::string, Node, std::less<>>;  // by the name in sysfs: '!' for '/'

  std::string directory_of(const std::string& name) const;
  void read_node(const std::string& name);
  void link(const std::string& upper, std::string_view lower);
  void link_cache(const std::string& name);
  void link_loop(const std::string& name);
  std::string disk_of(std::string_view name) const;
  std::string device_of_file(std::string_view path);
  bool is_redundant(const std::string& name, const Node& node);
  void number_stacks();

  HostRoot root_;
  ReadBuffer buffer_;
  Nodes nodes_;
  std::vector<formats::Mount> mounts_;  // read when a loop device needs them
  std::vector<BlockDevice> devices_;
};

}  // namespace tallyman
