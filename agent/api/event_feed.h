// Events for the API: /api/v1/events from the log, /api/v1/events/stream live.
// Each event is encoded once for all clients. Thread-safe.
#pragma once

#include "agent/api/known_workloads.h"
#include "agent/api/live_stream.h"
#include "agent/http/event_stream.h"
#include "agent/http/http_server.h"
#include "collectors/kernel/system/thread_annotations.h"
#include "collectors/model/events.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tallyman {

class EventFeed {
 public:
  // Subscribes to the log. The clients of `live`, which outlives the feed, get the
  // events too; `live` may be null.
  explicit EventFeed(std::shared_ptr<EventLog> log, LiveStream* live = nullptr);
  ~EventFeed();
  EventFeed(const EventFeed&) = delete;
  EventFeed& operator=(const EventFeed&) = delete;

  // ?since=ID&limit=N&type=T&workload=ID. A workload that is not among `known` has no events.
  HttpResponse list(const HttpRequest& request, const KnownWorkloads& known) const;
  // First the events since Last-Event-ID, if that is given, then all new events.
  // Each event is "event: event", its id, and its JSON.
  HttpResponse stream(const HttpRequest& request);
  // All new events, each as `encode` writes it, which is pure; it writes nothing for those that the client does not
  // want. `keep_alive`: see EventStream.
  using Encode = std::function<std::string(const Event&)>;
  std::shared_ptr<EventStream> stream_as(Encode encode, StreamChunk keep_alive);
  // A new client of `live`. It also gets the events that it missed first.
  HttpResponse live_stream(const HttpRequest& request);

 private:
  void on_event(const EventPtr& event);
  std::vector<StreamChunk> missed_since(const std::string& last_event_id) const REQUIRES(mutex_);

  std::shared_ptr<EventLog> log_;
  LiveStream* live_;
  Mutex mutex_;  // keeps missed events before new ones
  std::uint64_t published_ GUARDED_BY(mutex_) = 0;
  Broadcaster listeners_;
  struct Reader {
    std::weak_ptr<EventStream> stream;
    Encode encode;
  };
  std::vector<Reader> readers_ GUARDED_BY(mutex_);  // with encodings of their own; the server bounds their number
};

}  // namespace tallyman
