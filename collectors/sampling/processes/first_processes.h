// What the oldest process of each workload says about all of it: the limit of its files,
// the start of a group, and the namespaces. One thread owns it.
#pragma once

#include "collectors/kernel/process/process_files.h"
#include "collectors/kernel/stats/process_stats.h"
#include "collectors/kernel/system/host_root.h"
#include "collectors/sampling/processes/current_scan.h"
#include "collectors/sampling/processes/process_account.h"

#include <cstdint>

namespace tallyman {

class ProcTable;

class FirstProcesses {
 public:
  // All outlive it.
  FirstProcesses(const HostRoot& root, ProcessFiles& files, const ProcTable& table, ProcessAccounts& accounts)
      : root_(root), files_(files), table_(table), accounts_(accounts) {}

  // After the processes are summed up, which finds the first ones. Namespaces and times are
  // read in slow scans only.
  void read(CurrentScan& scan);
  // The host's own.
  const NamespaceIds& host_namespaces() const { return host_namespaces_; }

 private:
  void read_boot_time();
  void read_limit(ProcessAccount& account, bool again);
  static void follow_init(ProcessAccount& account);
  void follow_start(ProcessAccount& group) const;
  void read_namespaces(CurrentScan& scan);

  const HostRoot& root_;
  ProcessFiles& files_;
  const ProcTable& table_;
  ProcessAccounts& accounts_;
  std::uint64_t boot_nsec_ = 0;  // since the epoch; 0 if unknown
  NamespaceIds host_namespaces_{};
};

}  // namespace tallyman
