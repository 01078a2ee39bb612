#include "agent/service/snapshot_dispatcher.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

namespace tallyman {
namespace {

void wake(int event) {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(event, &one, sizeof one);
}

}  // namespace

SnapshotDispatcher::SnapshotDispatcher(std::vector<Take> subscribers)
    : subscribers_(std::move(subscribers)), event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

SnapshotDispatcher::~SnapshotDispatcher() {
  stop();
  if (event_ >= 0) close(event_);
}

void SnapshotDispatcher::start() {
  thread_ = std::thread([this] { run(); });
}

void SnapshotDispatcher::stop() {
  if (!thread_.joinable()) return;
  ending_ = true;
  wake(event_);
  thread_.join();
}

void SnapshotDispatcher::publish(SnapshotPtr snapshot) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.swap(snapshot);
  }
  if (snapshot) ++skipped_;  // the snapshot that waited; freed outside of the lock
  wake(event_);
}

SnapshotPtr SnapshotDispatcher::take_waiting() {
  const std::lock_guard lock(mutex_);
  return std::exchange(waiting_, nullptr);
}

void SnapshotDispatcher::run() {
  while (!ending_) {
    pollfd event{event_, POLLIN, 0};
    poll(&event, 1, -1);
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = read(event_, &count, sizeof count);
    const SnapshotPtr snapshot = take_waiting();
    if (!snapshot || ending_) continue;
    for (const Take& take : subscribers_) take(snapshot);
  }
}

}  // namespace tallyman
