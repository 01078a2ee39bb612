// What the processes that exist now add up to, for each workload: their number, threads,
// memory and files, and the load. One thread owns it.
#pragma once

#include "collectors/sampling/processes/current_scan.h"
#include "collectors/sampling/processes/process_account.h"

namespace tallyman {

struct ScannedProcess;

class ProcessSums {
 public:
  explicit ProcessSums(ProcessAccounts& accounts) : accounts_(accounts) {}  // which outlives it

  // All sums are 0 after begin(), and complete after end().
  void begin();
  void add(const ScannedProcess& process, ScanTime time);
  void end(const CurrentScan& scan);

 private:
  ProcessAccounts& accounts_;
  ScanTime last_time_;
};

}  // namespace tallyman
