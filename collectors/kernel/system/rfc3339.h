// Times as runtimes' files and API clients write them. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tallyman {

// RFC 3339, up to nanoseconds, "Z" or an offset; since the epoch. Empty for an earlier
// time: Go writes year 1 for "never".
std::optional<std::uint64_t> parse_rfc3339_nsec(std::string_view text);

}  // namespace tallyman
