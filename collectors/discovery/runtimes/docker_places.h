// Where dockerd keeps its containers: on its command line, in its configuration, where its
// packages put it, or where its containers' file systems are mounted from.
#pragma once

#include "collectors/kernel/system/error.h"
#include "collectors/kernel/system/host_root.h"
#include "collectors/kernel/system/rooted_files.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

struct DockerPlaces {
  std::vector<std::string> data_roots;  // without repetition, the likeliest first
  std::optional<Error> error;           // of a configuration that could not be read
};

// `thorough` also looks at the running daemons and the mounts, which takes milliseconds.
DockerPlaces docker_places(const HostRoot& root, RootedFiles& files, bool thorough);

// The data roots in the text of /proc/1/mountinfo: of the overlay file systems, and of the
// containers' own mount points. Pure.
std::vector<std::string> docker_roots_in_mounts(std::string_view mountinfo);

// The data root of a user's Docker, from its configuration below the home; else the default.
std::string docker_root_of_user(RootedFiles& files, const std::string& home);

}  // namespace tallyman
