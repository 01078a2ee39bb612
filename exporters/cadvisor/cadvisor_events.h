// Events in the shape of cAdvisor's REST API (info/v1: Event). It knows four types: containerCreation,
// containerDeletion, oom and oomKill. Pure; thread-safe.
#pragma once

#include "collectors/model/events.h"

#include <boost/json.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tallyman {

struct CadvisorEventChoice {
  bool creation = false, deletion = false, oom = false, oom_kill = false;
  std::string name = "/";                                  // of a cgroup
  bool subcontainers = false;                              // also of those below it
  std::optional<std::uint64_t> from_nsec{}, until_nsec{};  // since the epoch, both included
};

// In the order of time; the newest `most` of them, 0: all.
boost::json::array cadvisor_events(std::vector<EventPtr> events, const CadvisorEventChoice& choice, std::size_t most);

// What one event of the agent is there: nothing, or one event or more.
boost::json::array cadvisor_event(const Event& event, const CadvisorEventChoice& choice);

}  // namespace tallyman
