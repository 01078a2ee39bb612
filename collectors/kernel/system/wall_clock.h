// The time of day, as times are kept here: nanoseconds since the epoch. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>

namespace tallyman {

inline std::uint64_t wall_clock_nsec() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

}  // namespace tallyman
