#include "collectors/sampling/sources/background_task.h"

#include "collectors/kernel/system/self_process.h"

#include <pthread.h>

#include <utility>

namespace tallyman {

BackgroundTask::~BackgroundTask() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) {
    thread_.join();
  }
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
  if (!thread_.joinable()) {
    thread_ = std::thread([this] { run(); });
  }
}

void BackgroundTask::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return work_ == nullptr; });
}

void BackgroundTask::run() {
  pthread_setname_np(pthread_self(), name_.c_str());
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stop_ || work_ != nullptr; });
    if (stop_) {
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
