// Events in the shape of cAdvisor's REST API (info/v1: Event). It knows four types: containerCreation,
// containerDeletion, oom and oomKill. Pure; thread-safe.
#pragma once

#include "collectors/model/events.h"

#include <boost/json.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace tallyman {

struct CadvisorEventChoice {
  bool creation = false, deletion = false, oom = false, oom_kill = false;
  std::string name = "/";      // of a cgroup
  bool subcontainers = false;  // also of those below it
  std::size_t most = 10;       // the newest so many; 0: all
};

// In the order of time.
boost::json::array cadvisor_events(std::vector<EventPtr> events, const CadvisorEventChoice& choice);

}  // namespace tallyman
