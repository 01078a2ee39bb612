// Kernel calls that may never return (a dead disk, a mount with a dead server), made in a
// thread that can be left behind.
#pragma once

#include "collectors/kernel/system/wake_event.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace tallyman {

class DeadlineCaller {
 public:
  // `thread_name` as in Thread. `on_start` runs first in each new thread, for example to
  // set its priority.
  DeadlineCaller(std::string thread_name, std::chrono::milliseconds deadline, std::size_t max_left_behind,
                 std::function<void()> on_start = {});
  ~DeadlineCaller();  // does not wait for a hanging call: it continues by itself

  // Runs `job` and waits for it. False if it did not end within the deadline, or if too
  // many calls are hanging already. `job` owns what it uses: it may continue after this
  // returned false, even for ever. If it could not begin, it is destroyed. One caller at a
  // time.
  bool call(std::function<void()> job) { return call(std::move(job), deadline_); }
  bool call(std::function<void()> job, std::chrono::milliseconds deadline);
  // From any thread, permanently: a running and all later calls wait only for a moment.
  void hurry() { hurry_.ring(); }

  // Threads that still hang. One ends itself if its call returns after all.
  std::size_t hanging() const { return *hanging_; }

 private:
  struct Lane;
  bool start_lane();
  bool wait_for_lane(std::chrono::milliseconds deadline);

  std::string thread_name_;
  std::chrono::milliseconds deadline_;
  std::size_t max_left_behind_;
  std::function<void()> on_start_;
  WakeEvent hurry_;
  std::shared_ptr<std::atomic<std::size_t>> hanging_ = std::make_shared<std::atomic<std::size_t>>(0);
  std::shared_ptr<Lane> lane_;  // null: none, or the last one hangs
};

}  // namespace tallyman
