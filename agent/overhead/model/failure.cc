#include "agent/overhead/model/failure.h"

#include <cerrno>
#include <cstring>

namespace tallyman::overhead {

Failure failure_from_errno(std::string what) { return failure(std::move(what) + ": " + std::strerror(errno)); }

}  // namespace tallyman::overhead
