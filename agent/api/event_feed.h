// Events for the API: /api/v1/events from the log, /api/v1/events/stream live,
// each encoded once however many listen. Thread-safe.
#pragma once

#include "agent/api/live_stream.h"
#include "agent/http/event_stream.h"
#include "agent/http/http_server.h"
#include "collectors/model/events.h"

#include <cstdint>
#include <memory>
#include <mutex>

namespace tallyman {

class EventFeed {
 public:
  // Listens to the log from now on. Events go to the clients of `live` too, which
  // outlives the feed; null: there is none.
  explicit EventFeed(std::shared_ptr<EventLog> log, LiveStream* live = nullptr);
  ~EventFeed();
  EventFeed(const EventFeed&) = delete;
  EventFeed& operator=(const EventFeed&) = delete;

  // ?since=ID&limit=N&type=T&workload=ID
  HttpResponse list(const HttpRequest& request) const;
  // First what was missed since Last-Event-ID, if that is given, then all that
  // happens. Each event is "event: event", its id, and its JSON.
  HttpResponse stream(const HttpRequest& request);
  // A client of `live`: it too is first told what it has missed.
  HttpResponse live_stream(const HttpRequest& request);

 private:
  void on_event(const EventPtr& event);
  std::vector<StreamChunk> missed_since(const std::string& last_event_id) const;

  std::shared_ptr<EventLog> log_;
  LiveStream* live_;
  std::mutex mutex_;  // orders what was missed and what is new
  std::uint64_t published_ = 0;
  Broadcaster listeners_;
};

}  // namespace tallyman
