// A mutex for a real-time thread and ordinary threads: while the real-time thread waits for
// it, its holder runs with that thread's priority. With an ordinary mutex, a preempted holder
// delays the real-time thread until the scheduler gives the holder a CPU again.
#pragma once

#include "collectors/kernel/system/thread_annotations.h"

#include <pthread.h>

namespace tallyman {

class CAPABILITY("mutex") PriorityInheritingMutex {
 public:
  // An ordinary mutex where the kernel has no priority inheritance (CONFIG_FUTEX_PI).
  PriorityInheritingMutex();
  ~PriorityInheritingMutex();
  PriorityInheritingMutex(const PriorityInheritingMutex&) = delete;
  PriorityInheritingMutex& operator=(const PriorityInheritingMutex&) = delete;

  // Like std::mutex, throw std::system_error if the kernel refuses.
  void lock() ACQUIRE();
  void unlock() RELEASE();
  bool try_lock() TRY_ACQUIRE(true);

  bool inherits() const { return inherits_; }

 private:
  pthread_mutex_t mutex_;
  bool inherits_ = false;
};

}  // namespace tallyman
