// /api/v1/stream: the updates for all open dashboards. Each snapshot is encoded
// once for all clients, and not at all without clients.
#pragma once

#include "agent/http/event_stream.h"
#include "collectors/kernel/system/thread_annotations.h"
#include "exporters/stream_json.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tallyman {

class LiveStream {
 public:
  explicit LiveStream(std::function<StreamFacts()> facts) : facts_(std::move(facts)) {}

  // All functions are thread-safe. None waits for a client.

  // The next snapshot: sends a sample and the changes of workloads to all clients.
  void take(const SnapshotPtr& snapshot);
  // A new client first gets the agent's identity, all workloads and the last sample,
  // then `more`, then all updates.
  std::shared_ptr<EventStream> open(std::vector<StreamChunk> more = {});
  // An event that no client may skip, in the format of server_sent_event().
  void publish(const StreamChunk& event) { clients_.publish(event); }
  void close() { clients_.close(); }

 private:
  void encode(const Snapshot& snapshot) REQUIRES(mutex_);

  std::function<StreamFacts()> facts_;
  Broadcaster clients_;
  Mutex mutex_;
  SnapshotPtr newest_ GUARDED_BY(mutex_);
  StreamEncoder encoder_ GUARDED_BY(mutex_);
  bool idle_ GUARDED_BY(mutex_) = true;  // the encoder holds no state
  StreamChunk all_ GUARDED_BY(mutex_);   // made at the first request
  StreamChunk last_sample_ GUARDED_BY(mutex_);
};

}  // namespace tallyman
