#include "collectors/sampling/sources/background_task.h"

#include <utility>

namespace tallyman {

BackgroundTask::~BackgroundTask() {
  {
    const MutexLock lock(mutex_);
    thread_.request_stop();
  }
  changed_.notify_all();
  thread_.stop();
}

bool BackgroundTask::busy() {
  const MutexLock lock(mutex_);
  return busy_;
}

void BackgroundTask::start(std::function<void()> work) {
  {
    const MutexLock lock(mutex_);
    work_ = std::move(work);
    busy_ = true;
  }
  changed_.notify_all();
  thread_.start([this] { run(); });
}

void BackgroundTask::wait() {
  MutexLock lock(mutex_);
  while (busy_) {
    changed_.wait(lock);
  }
}

void BackgroundTask::run() {
  MutexLock lock(mutex_);
  for (;;) {
    while (!stopping() && work_ == nullptr) {
      changed_.wait(lock);
    }
    if (stopping()) {
      return;
    }
    std::function<void()> work = std::exchange(work_, nullptr);
    lock.unlock();
    work();
    work = nullptr;  // while it is busy: the work may refer to what its owner frees next
    lock.lock();
    busy_ = false;
    changed_.notify_all();
  }
}

}  // namespace tallyman
