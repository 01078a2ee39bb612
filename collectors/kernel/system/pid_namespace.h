// The PID namespace that the process ids of a /proc belong to.
#pragma once

#include "collectors/kernel/system/host_root.h"

#include <unistd.h>

#include <string>
#include <string_view>

namespace tallyman {

enum class PidView : unsigned char {
  kNone,     // the agent is not in this /proc: a recorded host
  kOwn,      // the agent's own PID namespace
  kForeign,  // another one (the host's, if the agent is in a container): in system
             // calls and cgroup.procs the same ids mean other processes
};

inline PidView pid_view(const HostRoot& root) {
  char self[32];
  const ssize_t size = readlink(root.proc_path("self").c_str(), self, sizeof self);
  if (size <= 0) {
    return PidView::kNone;
  }
  const bool own = std::string_view(self, static_cast<std::size_t>(size)) == std::to_string(getpid());
  return own ? PidView::kOwn : PidView::kForeign;
}

}  // namespace tallyman
