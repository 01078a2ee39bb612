// /api/v1/stream: what every open dashboard is sent. Each snapshot is encoded
// once, whoever listens, and not at all while nobody does.
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

  // Thread-safe, all of them; none waits for a client.

  // The next snapshot: a sample for everybody, and what has changed of the workloads.
  void take(const SnapshotPtr& snapshot);
  // A client that has just come: is told who it speaks to, all workloads and the
  // last sample, then `more`, then what happens.
  std::shared_ptr<EventStream> open(std::vector<StreamChunk> more = {});
  // Something that every client must see, as server_sent_event() writes it.
  void publish(const StreamChunk& event) { clients_.publish(event); }
  void close() { clients_.close(); }

 private:
  void encode(const Snapshot& snapshot);

  std::function<StreamFacts()> facts_;
  Broadcaster clients_;
  std::mutex mutex_;  // guards what follows
  SnapshotPtr newest_;
  StreamEncoder encoder_;
  bool idle_ = true;               // nothing is kept in the encoder
  StreamChunk all_, last_sample_;  // made when first asked for
};

}  // namespace tallyman
