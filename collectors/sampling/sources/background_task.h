// A thread for work that is too slow for a pass: one piece of work at a time. What the
// work writes belongs to it while busy(), and to the caller otherwise.
#pragma once

#include "collectors/kernel/system/thread.h"
#include "collectors/kernel/system/thread_annotations.h"

#include <condition_variable>
#include <functional>
#include <string>

namespace tallyman {

class BackgroundTask {
 public:
  // The thread starts with the first work. `name` as in Thread.
  explicit BackgroundTask(std::string name) : thread_(std::move(name)) {}
  ~BackgroundTask();  // stopping() becomes true; waits for the running work
  BackgroundTask(const BackgroundTask&) = delete;
  BackgroundTask& operator=(const BackgroundTask&) = delete;

  bool busy();
  void start(std::function<void()> work);  // not while busy()
  void wait();                             // until it is not busy
  // For the work: it should stop early.
  bool stopping() const { return thread_.stopping(); }

 private:
  void run();

  Mutex mutex_;
  std::condition_variable_any changed_;
  bool busy_ GUARDED_BY(mutex_) = false;
  std::function<void()> work_ GUARDED_BY(mutex_);  // not begun yet
  Thread thread_;
};

}  // namespace tallyman
