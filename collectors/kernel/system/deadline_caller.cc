#include "collectors/kernel/system/deadline_caller.h"

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
  WakeEvent begin, done;
  Mutex mutex;
  std::function<void()> job GUARDED_BY(mutex);
  bool left_behind GUARDED_BY(mutex) = false;
  bool stop GUARDED_BY(mutex) = false;
  bool running GUARDED_BY(mutex) = false;

  void run(std::atomic<std::size_t>& hanging) {
    for (;;) {
      begin.wait_until(steady_clock::now() + kIdle);
      std::function<void()> next;
      {
        const MutexLock lock(mutex);
        next = std::exchange(job, {});
        if (stop) {
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

DeadlineCaller::DeadlineCaller(std::chrono::milliseconds deadline, std::size_t max_left_behind,
                               std::function<void()> on_start)
    : deadline_(deadline), max_left_behind_(max_left_behind), on_start_(std::move(on_start)) {}

DeadlineCaller::~DeadlineCaller() {
  if (!thread_.joinable()) {
    return;
  }
  {
    const MutexLock lock(lane_->mutex);
    lane_->stop = true;
  }
  lane_->begin.ring();
  thread_.join();
}

bool DeadlineCaller::start_lane() {
  if (thread_.joinable()) {
    return true;
  }
  if (hanging() >= max_left_behind_) {
    return false;
  }
  lane_ = std::make_shared<Lane>();
  if (!lane_->begin.valid() || !lane_->done.valid()) {
    return false;
  }
  try {
    thread_ = std::thread([lane = lane_, hanging = hanging_, on_start = on_start_] {
      if (on_start) {
        on_start();
      }
      lane->run(*hanging);
    });
  } catch (const std::system_error&) {
    return false;  // no threads left
  }
  return true;
}

bool DeadlineCaller::wait_for_lane() {
  const auto start = steady_clock::now();
  return lane_->done.wait_until(start + deadline_, &hurry_) ||
         lane_->done.wait_until(std::min(steady_clock::now() + kMoment, start + deadline_));
}

bool DeadlineCaller::call(std::function<void()> job) {
  if (!start_lane()) {
    return false;
  }
  {
    const MutexLock lock(lane_->mutex);
    lane_->job = std::move(job);
    lane_->running = true;
  }
  lane_->begin.ring();
  if (wait_for_lane()) {
    return true;
  }
  const MutexLock lock(lane_->mutex);
  if (!lane_->running) {
    return lane_->done.wait_until(steady_clock::now());  // it returned just now: consume its signal
  }
  lane_->left_behind = true;
  ++*hanging_;
  thread_.detach();
  return false;
}

}  // namespace tallyman
