// For what another thread, or the kernel, does in its own time.
#pragma once

#include <chrono>
#include <thread>

namespace tallyman {

// Whether `done()` becomes true within 20 seconds; it is asked at least once.
template <class Done>
bool eventually(Done done) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!done()) {
    if (std::chrono::steady_clock::now() > deadline) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace tallyman
