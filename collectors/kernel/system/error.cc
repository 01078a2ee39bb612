#include "collectors/kernel/system/error.h"

#include <cerrno>
#include <cstring>
#include <utility>

namespace tallyman {

const char* to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kGone:
      return "gone";
    case ErrorKind::kUnsupported:
      return "unsupported";
    case ErrorKind::kDenied:
      return "denied";
    case ErrorKind::kMalformed:
      return "malformed";
    case ErrorKind::kIo:
      return "io";
  }
  return "io";
}

std::string to_string(const Error& error) {
  std::string text = error.where;
  text += ": ";
  text += error.code != 0 ? std::strerror(error.code) : to_string(error.kind);
  return text;
}

Error error_from_errno(int code, std::string where) {
  ErrorKind kind = ErrorKind::kIo;
  switch (code) {
    case ENODEV:  // a file of a removed cgroup
    case ESRCH:   // a file of an ended process
      kind = ErrorKind::kGone;
      break;
    case ENOENT:
    case ENOTDIR:
    case EOPNOTSUPP:  // PSI switched off for this cgroup, or for the kernel
      kind = ErrorKind::kUnsupported;
      break;
    case EACCES:
    case EPERM:
      kind = ErrorKind::kDenied;
      break;
    default:
      break;
  }
  return Error{kind, code, std::move(where)};
}

}  // namespace tallyman
