// Gives each new snapshot to slow subscribers (the history, live events) in a thread
// of its own. The sampler only stores a pointer. A snapshot that arrives while the
// previous one is still being processed replaces the waiting one.
#pragma once

#include "collectors/kernel/system/thread.h"
#include "collectors/kernel/system/thread_annotations.h"
#include "collectors/kernel/system/wake_event.h"
#include "collectors/model/snapshot.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

namespace tallyman {

class SnapshotDispatcher {
 public:
  using Take = std::function<void(const SnapshotPtr&)>;

  // The subscribers are called one after the other, in the dispatcher's thread.
  explicit SnapshotDispatcher(std::vector<Take> subscribers);
  ~SnapshotDispatcher();  // stop()
  SnapshotDispatcher(const SnapshotDispatcher&) = delete;
  SnapshotDispatcher& operator=(const SnapshotDispatcher&) = delete;

  void start();
  void stop();
  // From any thread; never waits for a subscriber.
  void publish(SnapshotPtr snapshot);
  std::uint64_t skipped() const { return skipped_; }  // replaced before they were processed

 private:
  void run();
  SnapshotPtr take_waiting();

  std::vector<Take> subscribers_;
  WakeEvent published_;
  std::atomic<std::uint64_t> skipped_ = 0;
  Mutex mutex_;  // held only to exchange the pointer
  SnapshotPtr waiting_ GUARDED_BY(mutex_);
  Thread thread_{"dispatcher"};  // last: it uses all members above
};

}  // namespace tallyman
