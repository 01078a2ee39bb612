// The probe in containers of Docker and Podman.
#pragma once

#include "agent/overhead/targets/targets.h"

#include <memory>

namespace tallyman::overhead {

std::unique_ptr<TargetFactory> make_docker_targets(Session& session);
std::unique_ptr<TargetFactory> make_podman_targets(Session& session);

}  // namespace tallyman::overhead
