// Reads the facts about the machine itself. One thread owns a source.
#pragma once

#include "collectors/kernel/host/block_layers.h"
#include "collectors/kernel/stats/host_stats.h"
#include "collectors/kernel/system/host_root.h"
#include "collectors/kernel/system/kernel_file.h"
#include "collectors/kernel/system/read_report.h"

namespace tallyman {

class HostSource {
 public:
  explicit HostSource(HostRoot root);

  // Reads meminfo and diskstats each time, loadavg and the machine's facts in a slow pass.
  ReadReport read(bool slow);
  const HostStats& stats() const { return stats_; }

 private:
  void keep_whole_disks();
  void take_over_hidden_paths();
  void read_machine();
  void read_cpus();
  void read_topology();
  void read_dimms();

  HostRoot root_;
  ReadBuffer buffer_;
  HostStats stats_;
  BlockLayers layers_;
  bool machine_read_ = false;
};

}  // namespace tallyman
