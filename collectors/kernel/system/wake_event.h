// Wakes another thread. Uses poll instead of a condition variable: this compiler's TSan
// does not know pthread_cond_clockwait and reports races that do not exist.
#pragma once

#include "collectors/kernel/system/file_descriptor.h"

#include <chrono>

namespace tallyman {

class WakeEvent {
 public:
  WakeEvent();
  bool valid() const { return fd_.valid(); }  // false: no descriptors left

  void ring();  // any thread; several before the next wait count as one
  // False: timeout, or `other` was signalled (and stays so). One thread at a time.
  bool wait_until(std::chrono::steady_clock::time_point until, const WakeEvent* other = nullptr);

 private:
  FileDescriptor fd_;
};

}  // namespace tallyman
