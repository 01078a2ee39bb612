// Why something of the overhead laboratory could not be done, in words for a
// person. The laboratory goes on without it, unless it was interrupted.
#pragma once

#include <boost/system/result.hpp>

#include <stdexcept>
#include <string>
#include <utility>

namespace tallyman::overhead {

struct Trouble {
  Trouble() = default;
  // No constructor of one argument: an Attempt<std::string> must tell its value from its trouble.
  Trouble(std::string what, bool by_signal) : text(std::move(what)), interrupted(by_signal) {}
  std::string text;
  bool interrupted = false;  // SIGINT, SIGTERM or SIGHUP came: clean up and end
};

template <class T>
using Attempt = boost::system::result<T, Trouble>;

struct Done {};  // what an attempt gives that gives nothing

inline Trouble trouble(std::string text) { return {std::move(text), false}; }
Trouble trouble_from_errno(std::string what);  // "what: No such file or directory"

[[noreturn]] inline void throw_exception_from_error(const Trouble& trouble, const boost::source_location&) {
  throw std::runtime_error(trouble.text);
}

}  // namespace tallyman::overhead
