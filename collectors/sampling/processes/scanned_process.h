// What is known about one process: a part for each class that works on it.
#pragma once

#include "collectors/kernel/stats/process_stats.h"
#include "collectors/sampling/processes/child_book.h"
#include "collectors/sampling/processes/exit_book.h"
#include "collectors/sampling/processes/process_account.h"
#include "collectors/sampling/processes/process_details.h"
#include "collectors/sampling/processes/process_places.h"
#include "collectors/sampling/processes/runtime_facts.h"

#include <cstdint>

namespace tallyman {

struct ScannedProcess {
  PidStat stat;            // as last read
  std::uint64_t seen = 0;  // number of the scan
  unsigned reads = 0;      // completed ones

  Tallies totals;  // the booked part
  ProcessPlaces::OfProcess place;
  ProcessDetails::OfProcess details;
  RuntimeFacts::OfProcess runtime;
  ExitBook::OfProcess exit;
  ChildBook::OfProcess children;

  // It is read in each scan: its parent may still be moving it to its cgroup.
  bool is_settling() const {
    constexpr unsigned kSettlingReads = 3;
    return reads < kSettlingReads;
  }
};

// What a process has used, as read in this scan and not yet booked.
struct ProcessReading {
  ScannedProcess* process = nullptr;
  Tallies now;
};

}  // namespace tallyman
