// The probe in a root file system of its own: LXC and systemd-nspawn.
#pragma once

#include "agent/overhead/targets/targets.h"

#include <memory>

namespace tallyman::overhead {

std::unique_ptr<TargetFactory> make_lxc_targets(Session& session);
std::unique_ptr<TargetFactory> make_nspawn_targets(Session& session);

}  // namespace tallyman::overhead
