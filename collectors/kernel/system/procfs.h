// Whether a path is on the proc file system of a running kernel, not among the files of a recorded host.
#pragma once

#include <string>

namespace tallyman {

// False if the path cannot be asked about.
bool is_on_procfs(const std::string& path);

}  // namespace tallyman
