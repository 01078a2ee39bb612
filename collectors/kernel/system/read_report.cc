#include "collectors/kernel/system/read_report.h"

namespace tallyman {

void ReadReport::note(ErrorKind kind, const std::string& where) {
  std::uint64_t& counter = kind == ErrorKind::kDenied ? denied : kind == ErrorKind::kMalformed ? malformed : io;
  ++counter;
  if (first_fault.empty()) {
    first_fault = where;
  }
}

void ReadReport::add(const ReadReport& other) {
  denied += other.denied;
  malformed += other.malformed;
  io += other.io;
  elsewhere_seconds += other.elsewhere_seconds;
  if (first_fault.empty()) {
    first_fault = other.first_fault;
  }
}

}  // namespace tallyman
