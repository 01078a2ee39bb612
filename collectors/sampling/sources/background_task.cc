#include "collectors/sampling/sources/background_task.h"

#include "collectors/kernel/system/self_process.h"

#include <utility>

namespace tallyman {

BackgroundTask::~BackgroundTask() {
  {
    const std::lock_guard lock(mutex_);
    thread_.request_stop();
  }
  changed_.notify_all();
  thread_.stop();
}

bool BackgroundTask::busy() {
  const std::lock_guard lock(mutex_);
  return work_ != nullptr;
}

void BackgroundTask::start(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    work_ = std::move(work);
  }
  changed_.notify_all();
  thread_.start([this] { run(); });
}

void BackgroundTask::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return work_ == nullptr; });
}

void BackgroundTask::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping() || work_ != nullptr; });
    if (stopping()) {
      return;
    }
    lock.unlock();
    work_();  // only start() sets it, and never while it is set
    lock.lock();
    work_ = nullptr;
    changed_.notify_all();
  }
}

double thread_cpu_seconds() { return std::chrono::duration<double>(thread_cpu_time()).count(); }

}  // namespace tallyman
