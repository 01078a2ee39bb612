// /api/v1/stream: the updates for all open dashboards. Each snapshot is encoded
// once for all clients, and not at all without clients.
#pragma once

#include "agent/http/event_stream.h"
#include "exporters/stream_json.h"

#include <functional>
#include <memory>
#include <mutex>
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
  void encode(const Snapshot& snapshot);

  std::function<StreamFacts()> facts_;
  Broadcaster clients_;
  std::mutex mutex_;  // guards what follows
  SnapshotPtr newest_;
  StreamEncoder encoder_;
  bool idle_ = true;               // the encoder holds no state
  StreamChunk all_, last_sample_;  // made at the first request
};

}  // namespace tallyman
