// Why something of the overhead laboratory could not be done, in words for a
// person. The laboratory goes on without it, unless it was interrupted.
#pragma once

#include "collectors/kernel/system/error.h"

#include <stdexcept>
#include <string>
#include <utility>

namespace tallyman::overhead {

struct Failure {
  Failure() = default;
  // No constructor of one argument: an Result<std::string> must tell its value from its failure.
  Failure(std::string what, bool by_signal) : text(std::move(what)), interrupted(by_signal) {}
  std::string text;
  bool interrupted = false;  // SIGINT, SIGTERM or SIGHUP came: clean up and end
};

template <class T>
using Result = tallyman::Result<T, Failure>;

inline Failure failure(std::string text) { return {std::move(text), false}; }
Failure failure_from_errno(std::string what);  // "what: No such file or directory"

[[noreturn]] inline void throw_exception_from_error(const Failure& failure, const boost::source_location&) {
  throw std::runtime_error(failure.text);
}

}  // namespace tallyman::overhead
