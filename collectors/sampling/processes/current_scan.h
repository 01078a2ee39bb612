// One scan of all processes, as the parts of the process scan see it.
#pragma once

#include "collectors/kernel/system/error.h"
#include "collectors/kernel/system/read_report.h"

#include <chrono>
#include <cstdint>

namespace tallyman {

struct ScanTime {
  std::uint64_t wall_nsec = 0;
  std::chrono::steady_clock::time_point steady;
};

struct CurrentScan {
  std::uint64_t number = 1;  // the first one is 1
  ScanTime time;
  bool slow = false;  // reads also what is read rarely
  ReadReport report;  // what could not be read

  // That a process has ended meanwhile, or that this kernel has no such file, is no fault.
  void note(const Error& error) {
    if (error.kind != ErrorKind::kGone && error.kind != ErrorKind::kUnsupported) {
      report.note(error.kind, to_string(error));
    }
  }
};

}  // namespace tallyman
