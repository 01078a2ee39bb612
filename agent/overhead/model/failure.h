// Why a step of an overhead run failed, as a message for the user. The run continues
// without it, unless it was interrupted.
#pragma once

#include "collectors/kernel/system/error.h"

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

namespace tallyman::overhead {

enum class FailureKind : std::uint8_t {
  kOther,
  kInterrupted,  // SIGINT, SIGTERM or SIGHUP came: clean up and end
  kTimeout,      // no answer in time; there may be one later
  kNotFound,     // there is no such report; or a program reports that there is no such object
  kBusy,         // a program reports that the same is being done already; it can be tried again
};

struct Failure {
  Failure() = default;
  // No constructor of one argument: a Result<std::string> must distinguish its value from its failure.
  Failure(std::string what, FailureKind of) : text(std::move(what)), kind(of) {}
  std::string text;
  FailureKind kind = FailureKind::kOther;

  bool interrupted() const { return kind == FailureKind::kInterrupted; }
};

template <class T>
using Result = tallyman::Result<T, Failure>;

inline Failure failure(std::string text, FailureKind kind = FailureKind::kOther) { return {std::move(text), kind}; }
inline Failure interrupted() { return {"interrupted", FailureKind::kInterrupted}; }
Failure failure_from_errno(std::string what);  // "what: No such file or directory"

[[noreturn]] inline void throw_exception_from_error(const Failure& failure, const boost::source_location&) {
  throw std::runtime_error(failure.text);
}

}  // namespace tallyman::overhead
