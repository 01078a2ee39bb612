// BuildKit's steps of a build: .../buildkit/ID and SLICE:buildkit:ID of the one inside dockerd and
// of buildkitd, certain. Nothing on the disk names them; each is there for one step.
#pragma once

#include "collectors/discovery/runtimes/container_runtime.h"

#include <memory>

namespace tallyman {

std::unique_ptr<Runtime> make_buildkit_runtime();

}  // namespace tallyman
