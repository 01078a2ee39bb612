// Starts a program with the given SpawnOptions, without a shell and without a container
// runtime: the parts of a container one by one. The calling process must have one
// thread.
#pragma once

#include "agent/overhead/targets/child.h"

#include <array>
#include <string>
#include <vector>

namespace tallyman::overhead {

// Returns the new process's id, or a negative number with errno if the kernel refuses it
// or its namespaces. Later errors are written to `streams[2]`, and the process exits with
// 126. It has a session of its own and dies with its parent.
int launch(const std::string& program, const std::vector<std::string>& command, const SpawnOptions& options,
           std::array<int, 3> streams);

}  // namespace tallyman::overhead
