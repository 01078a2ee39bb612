// How long the machine has been suspended since it booted. The steady clock does not
// count this time, but the history needs it: a suspended night must appear in it.
#pragma once

#include <chrono>
#include <ctime>

namespace tallyman {

// One thread.
class HistoryClock {
 public:
  // Smaller steps are the time between two readings, not suspension.
  static constexpr std::chrono::milliseconds kMinSuspension{100};

  std::chrono::nanoseconds slept() { return slept(read(CLOCK_MONOTONIC), read(CLOCK_BOOTTIME)); }
  // The same with given readings.
  std::chrono::nanoseconds slept(std::chrono::nanoseconds monotonic, std::chrono::nanoseconds boot_time) {
    const auto now = boot_time - monotonic;
    if (now - slept_ >= kMinSuspension) slept_ = now;
    return slept_;
  }

 private:
  static std::chrono::nanoseconds read(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
  }
  std::chrono::nanoseconds slept_{0};
};

}  // namespace tallyman
