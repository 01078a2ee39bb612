// Trees on a made host, and ways to wait for what they notice.
#pragma once

#include "collectors/discovery/tree/cgroup_tree.h"
#include "tests/support/host_builder.h"

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <vector>

namespace tallyman::cgroup_tree_fixture {

using Clock = std::chrono::steady_clock;

inline std::vector<std::string> paths(const CgroupTree& tree) {
  std::vector<std::string> names;
  for (const auto& [path, node] : tree.nodes()) names.push_back(path);
  return names;
}

inline CgroupTreeOptions options_for(const HostBuilder& host, const std::vector<std::string>& hierarchies) {
  CgroupTreeOptions options;
  for (const auto& name : hierarchies) options.hierarchies.push_back(host.path(name));
  return options;
}

// Waits until `done`; false after ten seconds.
template <class Done>
bool wait_for(CgroupTree& tree, Done done) {
  const auto deadline = Clock::now() + std::chrono::seconds(10);
  while (!done()) {
    if (Clock::now() > deadline) return false;
    tree.wait(std::chrono::milliseconds(50));
  }
  return true;
}

// Runs `body` in a process of its own; its result is the exit status.
template <class Body>
int in_child(Body body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace tallyman::cgroup_tree_fixture
