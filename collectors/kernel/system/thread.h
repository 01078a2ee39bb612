// A thread of the agent: it has a name, leaves signals to the main thread, can be woken to
// stop, and is joined at the end. docs/architecture.md lists all names.
#pragma once

#include "collectors/kernel/system/wake_event.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <utility>

namespace tallyman {

class Thread {
 public:
  // `name` is what `top -H`, `ps -L` and gdb show: at most 15 bytes, the kernel cuts the rest.
  explicit Thread(std::string name) : name_(std::move(name)) {}
  ~Thread() { stop(); }
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

  // Runs `body` in a new thread, which blocks all signals except faults. Does nothing while
  // it runs. After stop() it may be started again. Throws std::system_error if there is no
  // thread left.
  void start(std::function<void()> body);
  bool started() const { return thread_.joinable(); }  // and not stopped since

  // Ends the waits below. A body that waits for something else must be woken too.
  void request_stop();
  void stop();  // request_stop(), and waits until the body returns
  // Leaves the running body alone. It may use this object until it returns, so it must
  // keep it alive.
  void detach() { thread_.detach(); }

  // For the body.
  bool stopping() const { return stopping_; }
  bool wait_until(std::chrono::steady_clock::time_point due) const;  // false: stop
  // Readable from request_stop() on. For poll(), and as the other event of WakeEvent.
  const WakeEvent& stop_event() const { return stop_event_; }

 private:
  const std::string name_;
  WakeEvent stop_event_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace tallyman
