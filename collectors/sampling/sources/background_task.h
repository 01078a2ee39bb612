// A thread for work that is too slow for a pass: one piece of work at a time. What the
// work writes belongs to it while busy(), and to the caller otherwise.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace tallyman {

class BackgroundTask {
 public:
  // Starts with the first work. `name` is the thread's name in `top -H`: 15 bytes.
  explicit BackgroundTask(std::string name) : name_(std::move(name)) {}
  ~BackgroundTask();  // stopping() becomes true; waits for the running work
  BackgroundTask(const BackgroundTask&) = delete;
  BackgroundTask& operator=(const BackgroundTask&) = delete;

  bool busy();
  void start(std::function<void()> work);  // not while busy()
  void wait();                             // until it is not busy
  // For the work: it should stop early.
  bool stopping() const { return stop_; }

 private:
  void run();

  std::string name_;
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> work_;  // guarded by mutex_; empty: not busy
  std::thread thread_;
};

// CPU time of the calling thread.
double thread_cpu_seconds();

}  // namespace tallyman
