#include "agent/service/snapshot_dispatcher.h"

#include <utility>

namespace tallyman {

SnapshotDispatcher::SnapshotDispatcher(std::vector<Take> subscribers) : subscribers_(std::move(subscribers)) {}
SnapshotDispatcher::~SnapshotDispatcher() { stop(); }

void SnapshotDispatcher::start() {
  thread_.start([this] { run(); });
}

void SnapshotDispatcher::stop() { thread_.stop(); }

void SnapshotDispatcher::publish(SnapshotPtr snapshot) {
  {
    const MutexLock lock(mutex_);
    waiting_.swap(snapshot);
  }
  if (snapshot) ++skipped_;  // the snapshot that waited; freed outside of the lock
  published_.ring();
}

SnapshotPtr SnapshotDispatcher::take_waiting() {
  const MutexLock lock(mutex_);
  return std::exchange(waiting_, nullptr);
}

void SnapshotDispatcher::run() {
  while (!thread_.stopping()) {
    published_.wait_until(std::chrono::steady_clock::time_point::max(), &thread_.stop_event());
    const SnapshotPtr snapshot = take_waiting();
    if (!snapshot || thread_.stopping()) continue;
    for (const Take& take : subscribers_) take(snapshot);
  }
}

}  // namespace tallyman
