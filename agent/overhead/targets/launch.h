// Starting a program in options of its own, without a shell and without a
// runtime: what a container is made of, piece by piece. The process that calls
// must have one thread.
#pragma once

#include "agent/overhead/targets/child.h"

#include <array>
#include <string>
#include <vector>

namespace tallyman::overhead {

// The new process's id; negative with errno when the kernel refuses it or its
// namespaces. What fails later is said on `streams[2]`, and the process ends
// with 126. It has a session of its own and dies with its parent.
int launch(const std::string& program, const std::vector<std::string>& command, const SpawnOptions& options,
           std::array<int, 3> streams);

}  // namespace tallyman::overhead
