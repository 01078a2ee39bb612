// What Docker's files say of a container. Pure: text in, facts out, no I/O.
// Unknown keys are passed over; a key that is missing or of another type loses
// that fact alone.
#pragma once

#include "collectors/model/workload.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tallyman {

// config.v2.json, then hostconfig.json into the same `metadata`. False: the
// text is no JSON object, and `metadata` is as it was.
bool parse_docker_config(std::string_view text, ContainerMetadata& metadata);
bool parse_docker_host_config(std::string_view text, ContainerMetadata& metadata);

// "data-root" of daemon.json, or its old name "graph"; an empty string if neither is set.
// nullopt: no JSON object, or no absolute path.
std::optional<std::string> parse_docker_data_root(std::string_view text);

// RFC 3339, up to nanoseconds, "Z" or an offset; since the epoch. Nothing for a
// time before it: Go writes year 1 for "never".
std::optional<std::uint64_t> parse_rfc3339_nsec(std::string_view text);

}  // namespace tallyman
