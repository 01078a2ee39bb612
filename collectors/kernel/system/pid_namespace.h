// Whose process ids a /proc holds.
#pragma once

#include "collectors/kernel/system/host_root.h"

#include <unistd.h>

#include <string>
#include <string_view>

namespace tallyman {

enum class PidView : unsigned char {
  kNone,     // no process there is the agent: a recorded host
  kOwn,      // its ids are those of the agent's own PID namespace
  kForeign,  // of another one (the host's, in the agent's container): in system
             // calls and cgroup.procs the same ids would mean other processes
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
