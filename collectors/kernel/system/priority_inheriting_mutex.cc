#include "collectors/kernel/system/priority_inheriting_mutex.h"

#include <cerrno>
#include <system_error>

namespace tallyman {
namespace {

void check(int error) {
  if (error != 0) throw std::system_error(error, std::generic_category(), "mutex");
}

}  // namespace

PriorityInheritingMutex::PriorityInheritingMutex() {
  pthread_mutexattr_t attributes;
  check(pthread_mutexattr_init(&attributes));
  inherits_ = pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT) == 0 &&
              pthread_mutex_init(&mutex_, &attributes) == 0;
  pthread_mutexattr_destroy(&attributes);
  if (!inherits_) check(pthread_mutex_init(&mutex_, nullptr));
}

PriorityInheritingMutex::~PriorityInheritingMutex() { pthread_mutex_destroy(&mutex_); }

// NO_THREAD_SAFETY_ANALYSIS, three times: the header declares what these functions do to the
// lock. The analysis cannot check it here, because it knows nothing of pthread's mutexes.
void PriorityInheritingMutex::lock() NO_THREAD_SAFETY_ANALYSIS { check(pthread_mutex_lock(&mutex_)); }

// It can only fail for a thread that does not hold it.
void PriorityInheritingMutex::unlock() NO_THREAD_SAFETY_ANALYSIS { pthread_mutex_unlock(&mutex_); }

bool PriorityInheritingMutex::try_lock() NO_THREAD_SAFETY_ANALYSIS {
  const int error = pthread_mutex_trylock(&mutex_);
  if (error != EBUSY) check(error);
  return error == 0;
}

}  // namespace tallyman
