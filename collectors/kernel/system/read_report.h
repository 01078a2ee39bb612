// What happened while reading one kind of stats of one or many cgroups.
#pragma once

#include "collectors/kernel/system/error.h"

#include <cstdint>
#include <string>

namespace tallyman {

struct ReadReport {
  std::uint64_t denied = 0, malformed = 0, io = 0;
  std::string first_fault;       // a file and its error; empty if there was none
  double elsewhere_seconds = 0;  // CPU time of the source's own thread since the last report

  std::uint64_t faults() const { return denied + malformed + io; }
  void note(ErrorKind kind, const std::string& where);
  void add(const ReadReport& other);
};

}  // namespace tallyman
