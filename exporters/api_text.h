// The time format of /api/v1.
#pragma once

#include <cstdint>
#include <string>

namespace tallyman {

// "2026-11-24T08:57:11.123456789Z" from nanoseconds since the epoch.
std::string rfc3339(std::uint64_t nsec);

}  // namespace tallyman
