// Why a step of an overhead run failed, as a message for the user. The run continues
// without it, unless it was interrupted.
#pragma once

#include "collectors/kernel/system/error.h"

#include <stdexcept>
#include <string>
#include <utility>

namespace tallyman::overhead {

struct Failure {
  Failure() = default;
  // No constructor with one argument: a Result<std::string> must distinguish value and failure.
  Failure(std::string what, bool by_signal) : text(std::move(what)), interrupted(by_signal) {}
  std::string text;
  bool interrupted = false;  // by SIGINT, SIGTERM or SIGHUP: clean up and exit
};

template <class T>
using Result = tallyman::Result<T, Failure>;

inline Failure failure(std::string text) { return {std::move(text), false}; }
Failure failure_from_errno(std::string what);  // "what: No such file or directory"

[[noreturn]] inline void throw_exception_from_error(const Failure& failure, const boost::source_location&) {
  throw std::runtime_error(failure.text);
}

}  // namespace tallyman::overhead
