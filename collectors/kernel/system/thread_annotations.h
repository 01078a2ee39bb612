// A mutex that clang's thread-safety analysis understands, and the words of that analysis.
// Preset thread-safety and the lint stage fail when a GUARDED_BY field is used without its
// mutex. The macros are those of clang's own documentation; other compilers see none of them.
#pragma once

#include <mutex>

#ifdef __clang__
#define TALLYMAN_THREAD_ANNOTATION(what) __attribute__((what))
#else
#define TALLYMAN_THREAD_ANNOTATION(what)
#endif

#define CAPABILITY(what) TALLYMAN_THREAD_ANNOTATION(capability(what))
#define SCOPED_CAPABILITY TALLYMAN_THREAD_ANNOTATION(scoped_lockable)
#define GUARDED_BY(mutex) TALLYMAN_THREAD_ANNOTATION(guarded_by(mutex))
#define PT_GUARDED_BY(mutex) TALLYMAN_THREAD_ANNOTATION(pt_guarded_by(mutex))
#define ACQUIRED_BEFORE(...) TALLYMAN_THREAD_ANNOTATION(acquired_before(__VA_ARGS__))
#define REQUIRES(...) TALLYMAN_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define EXCLUDES(...) TALLYMAN_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))
#define ACQUIRE(...) TALLYMAN_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define RELEASE(...) TALLYMAN_THREAD_ANNOTATION(release_capability(__VA_ARGS__))
#define TRY_ACQUIRE(...) TALLYMAN_THREAD_ANNOTATION(try_acquire_capability(__VA_ARGS__))
// Where the analysis cannot follow; the reason stands beside each use.
#define NO_THREAD_SAFETY_ANALYSIS TALLYMAN_THREAD_ANNOTATION(no_thread_safety_analysis)

namespace tallyman {

// std::mutex, which libstdc++ leaves without annotations.
class CAPABILITY("mutex") Mutex {
 public:
  void lock() ACQUIRE() { mutex_.lock(); }
  void unlock() RELEASE() { mutex_.unlock(); }
  bool try_lock() TRY_ACQUIRE(true) { return mutex_.try_lock(); }

 private:
  std::mutex mutex_;
};

// Holds a mutex until its end, or until unlock(). Waits with std::condition_variable_any; the
// condition is a loop around wait(), since the analysis does not see that a lambda holds the lock.
template <class AnyMutex = Mutex>  // or PriorityInheritingMutex
class SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(AnyMutex& mutex) ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  // Takes over a mutex that is held, after try_lock().
  MutexLock(AnyMutex& mutex, std::adopt_lock_t) REQUIRES(mutex) : mutex_(mutex) {}
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;
  ~MutexLock() RELEASE() {
    if (held_) mutex_.unlock();
  }

  void lock() ACQUIRE() {
    mutex_.lock();
    held_ = true;
  }
  void unlock() RELEASE() {
    held_ = false;
    mutex_.unlock();
  }

 private:
  AnyMutex& mutex_;
  bool held_ = true;
};

}  // namespace tallyman
