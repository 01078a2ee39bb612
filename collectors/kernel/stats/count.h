// A figure that the kernel may not give.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

namespace tallyman {

using Count = std::optional<std::uint64_t>;

// An unset limit ("max" on v2, at or above 2^62 on v1).
inline constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

}  // namespace tallyman
