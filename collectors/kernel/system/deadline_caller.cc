#include "collectors/kernel/system/deadline_caller.h"

#include "collectors/kernel/system/thread.h"
#include "collectors/kernel/system/thread_annotations.h"

#include <algorithm>
#include <system_error>
#include <utility>

namespace tallyman {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kMoment{500};
constexpr std::chrono::hours kIdle{1};

}  // namespace

// One thread and its job. Shared by caller and thread, since either may end first.
struct DeadlineCaller::Lane {
  explicit Lane(const std::string& thread_name) : thread(thread_name) {}

  Thread thread;
  WakeEvent begin, done;
  Mutex mutex;
  std::function<void()> job GUARDED_BY(mutex);
  bool left_behind GUARDED_BY(mutex) = false;
  bool running GUARDED_BY(mutex) = false;

  void run(std::atomic<std::size_t>& hanging) {
    for (;;) {
      begin.wait_until(steady_clock::now() + kIdle, &thread.stop_event());
      std::function<void()> next;
      {
        const MutexLock lock(mutex);
        next = std::exchange(job, {});
        if (thread.stopping()) {
          return;
        }
      }
      if (!next) {
        continue;
      }
      next();
      next = {};  // before the other thread continues
      const MutexLock lock(mutex);
      running = false;
      if (left_behind) {
        --hanging;
        return;
      }
      done.ring();
    }
  }
};

DeadlineCaller::DeadlineCaller(std::string thread_name, std::chrono::milliseconds deadline, std::size_t max_left_behind,
                               std::function<void()> on_start)
    : thread_name_(std::move(thread_name)),
      deadline_(deadline),
      max_left_behind_(max_left_behind),
      on_start_(std::move(on_start)) {}

DeadlineCaller::~DeadlineCaller() {
  if (lane_) {
    lane_->thread.stop();
  }
}

bool DeadlineCaller::start_lane() {
  if (lane_) {
    return true;
  }
  if (hanging() >= max_left_behind_) {
    return false;
  }
  const auto made = std::make_shared<Lane>(thread_name_);
  if (!made->begin.valid() || !made->done.valid() || !made->thread.stop_event().valid()) {
    return false;
  }
  try {
    made->thread.start([lane = made, hanging = hanging_, on_start = on_start_] {
      if (on_start) {
        on_start();
      }
      lane->run(*hanging);
    });
  } catch (const std::system_error&) {
    return false;  // no threads left
  }
  lane_ = made;
  return true;
}

bool DeadlineCaller::wait_for_lane(std::chrono::milliseconds deadline) {
  const auto start = steady_clock::now();
  return lane_->done.wait_until(start + deadline, &hurry_) ||
         lane_->done.wait_until(std::min(steady_clock::now() + kMoment, start + deadline));
}

bool DeadlineCaller::call(std::function<void()> job, std::chrono::milliseconds deadline) {
  if (!start_lane()) {
    return false;
  }
  {
    const MutexLock lock(lane_->mutex);
    lane_->job = std::move(job);
    lane_->running = true;
  }
  lane_->begin.ring();
  if (wait_for_lane(deadline)) {
    return true;
  }
  const std::shared_ptr<Lane> lane = lane_;  // outlives the lock
  const MutexLock lock(lane->mutex);
  if (!lane->running) {
    return lane->done.take();  // it returned just now
  }
  lane->left_behind = true;
  ++*hanging_;
  lane->thread.detach();
  lane_ = nullptr;
  return false;
}

}  // namespace tallyman
