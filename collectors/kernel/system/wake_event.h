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
  bool take();  // without waiting; false: not rung since the last time
  // False: timeout, or `other` was signalled (and stays so). One thread at a time.
  bool wait_until(std::chrono::steady_clock::time_point until, const WakeEvent* other = nullptr);
  // True as soon as it is rung, which it stays. Any number of threads.
  bool is_rung_until(std::chrono::steady_clock::time_point until) const;
  int fd() const { return fd_.get(); }  // readable while rung, for poll()

 private:
  FileDescriptor fd_;
};

}  // namespace tallyman
