// The probe as a process of this host: bare, in a cgroup, in namespaces.
#pragma once

#include "agent/overhead/targets/targets.h"

#include <memory>

namespace tallyman::overhead {

std::unique_ptr<TargetFactory> make_own_targets(Session& session);

}  // namespace tallyman::overhead
