// Parsers of rtnetlink's answers about network interfaces. Pure, and fuzz targets.
#pragma once

#include "collectors/kernel/stats/link_stats.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace tallyman {

// Parses the payload of RTM_NEWLINK; empty if it is not one.
std::optional<HostLink> parse_link(std::string_view payload);
// Parses the payload of RTM_NEWNSID: the id, if there is one.
std::optional<std::int32_t> parse_namespace_id(std::string_view payload);

}  // namespace tallyman
