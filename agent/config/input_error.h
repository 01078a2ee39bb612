// What is wrong with something that a user wrote, in a flag, a file or a request: a sentence that names it and says
// what to do.
#pragma once

#include "collectors/kernel/system/error.h"

#include <stdexcept>
#include <string>

namespace tallyman {

struct InputError {
  std::string text;
};

[[noreturn]] inline void throw_exception_from_error(const InputError& error, const boost::source_location&) {
  throw std::runtime_error(error.text);
}

}  // namespace tallyman
