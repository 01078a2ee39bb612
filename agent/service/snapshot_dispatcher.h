// Gives each new snapshot to those who take their time with it (the history, live
// events), in a thread of its own: the sampler only leaves a pointer, and a
// snapshot that comes while the last is still being looked at replaces the one
// that waits.
#pragma once

#include "collectors/model/snapshot.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace tallyman {

class SnapshotDispatcher {
 public:
  using Take = std::function<void(const SnapshotPtr&)>;

  // Each is called in turn, in the dispatcher's thread.
  explicit SnapshotDispatcher(std::vector<Take> subscribers);
  ~SnapshotDispatcher();  // stop()
  SnapshotDispatcher(const SnapshotDispatcher&) = delete;
  SnapshotDispatcher& operator=(const SnapshotDispatcher&) = delete;

  void start();
  void stop();
  // From any thread; never waits for a subscriber.
  void publish(SnapshotPtr snapshot);
  std::uint64_t skipped() const { return skipped_; }  // replaced before they were taken

 private:
  void run();
  SnapshotPtr take_waiting();

  std::vector<Take> subscribers_;
  int event_ = -1;
  std::thread thread_;
  std::atomic<bool> ending_ = false;
  std::atomic<std::uint64_t> skipped_ = 0;
  std::mutex mutex_;  // held for the exchange of the pointer
  SnapshotPtr waiting_;
};

}  // namespace tallyman
