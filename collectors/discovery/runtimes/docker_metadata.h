// Facts about a container from Docker's files. Pure: text in, facts out, no I/O. Unknown
// keys are ignored; a key that is missing or has another type loses only that fact.
#pragma once

#include "collectors/model/workload.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tallyman {

// config.v2.json, then hostconfig.json into the same `metadata`. False: the text is no
// JSON object, and `metadata` is unchanged. `health_until_nsec`, if not null, becomes the time since
// the epoch from which on the health in the file says nothing any more; empty: always believed.
bool parse_docker_config(std::string_view text, ContainerMetadata& metadata,
                         std::optional<std::uint64_t>* health_until_nsec = nullptr);
bool parse_docker_host_config(std::string_view text, ContainerMetadata& metadata);

// "data-root" of daemon.json, or its old name "graph"; an empty string if neither is set.
// nullopt: no JSON object, or no absolute path.
std::optional<std::string> parse_docker_data_root(std::string_view text);

}  // namespace tallyman
