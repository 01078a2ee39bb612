// Errors as values. Nothing below agent/ logs or throws across a public function: it
// returns one of these and continues with what it has.
#pragma once

#include <boost/system/result.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>

namespace tallyman {

enum class ErrorKind : std::uint8_t {
  kGone,         // the cgroup, process or device vanished: normal, not counted as an error
  kUnsupported,  // this kernel or this cgroup does not have the file
  kDenied,       // no permission
  kMalformed,    // the file exists, but its text is not what the kernel documents
  kIo,           // anything else; `code` has errno
};

struct Error {
  ErrorKind kind = ErrorKind::kIo;
  int code = 0;       // errno, or 0
  std::string where;  // the file, path or field
};

template <class T, class E = Error>
using Result = boost::system::result<T, E>;

// "where: No such file or directory"
std::string to_string(const Error& error);
const char* to_string(ErrorKind kind);

// ENOENT and ENOTDIR are kUnsupported here. Only CgroupFiles decides whether a missing
// file means a missing cgroup.
Error error_from_errno(int code, std::string where);

// Called by boost::system::result::value() on an error.
[[noreturn]] inline void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::runtime_error(to_string(error));
}

}  // namespace tallyman
