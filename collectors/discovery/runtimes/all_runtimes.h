// All runtimes, in the order in which they are asked about a cgroup.
#pragma once

#include "collectors/discovery/runtimes/container_runtime.h"

#include <memory>
#include <string>
#include <vector>

namespace tallyman {

struct RuntimeOptions {
  HostRoot root;
  std::string docker_root;        // empty: found by itself
  std::string containerd_state;   // empty: found by itself
  std::string containerd_root{};  // empty: found by itself
};

std::vector<std::unique_ptr<Runtime>> all_runtimes(const RuntimeOptions& options);

// An error if a directory that the user gave is not what it is meant to be. One that cannot be
// looked at, or is not there yet because its runtime makes it, is none.
Result<void> check_runtime_options(const RuntimeOptions& options);

}  // namespace tallyman
