// When a sample was taken, on both clocks: rates are over the steady one.
#pragma once

#include <chrono>
#include <cstdint>

namespace tallyman {

struct SampleTime {
  std::chrono::system_clock::time_point wall;
  std::chrono::steady_clock::time_point steady;

  static SampleTime now() { return {std::chrono::system_clock::now(), std::chrono::steady_clock::now()}; }

  // Since the epoch.
  std::uint64_t wall_nsec() const {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(wall.time_since_epoch()).count());
  }
};

}  // namespace tallyman
