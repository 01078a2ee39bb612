// Reads the facts about the machine itself. One thread owns a source.
#pragma once

#include "collectors/kernel/stats/host_stats.h"
#include "collectors/kernel/system/host_root.h"
#include "collectors/kernel/system/kernel_file.h"
#include "collectors/kernel/system/read_report.h"

#include <map>
#include <string>

namespace tallyman {

class HostSource {
 public:
  explicit HostSource(HostRoot root);

  // Reads meminfo and diskstats each time, loadavg and the machine's facts in a slow pass.
  ReadReport read(bool slow);
  const HostStats& stats() const { return stats_; }

 private:
  void keep_whole_disks();
  void read_machine();
  void read_cpus();
  void read_dimms();

  HostRoot root_;
  ReadBuffer buffer_;
  HostStats stats_;
  bool machine_read_ = false;
  std::map<std::string, bool> is_partition_;  // read from sysfs once per slow pass
};

}  // namespace tallyman
