// Wakes another thread. poll and not a condition variable: TSan of this compiler
// does not know pthread_cond_clockwait and reports races that are not there.
#pragma once

#include "collectors/kernel/system/kernel_file.h"

#include <chrono>

namespace tallyman {

class WakeEvent {
 public:
  WakeEvent();
  bool valid() const { return fd_.valid(); }  // false: no descriptors left

  void ring();  // any thread; rings before the next wait count as one
  // False: the time is over, or `other` (which stays rung) rang. One thread at a time.
  bool wait_until(std::chrono::steady_clock::time_point until, const WakeEvent* other = nullptr);

 private:
  FileDescriptor fd_;
};

}  // namespace tallyman
