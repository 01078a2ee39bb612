#include "agent/api/event_feed.h"

#include "agent/http/responses.h"
#include "collectors/kernel/system/text.h"
#include "exporters/api_events.h"

#include <algorithm>
#include <optional>

namespace tallyman {
namespace {

constexpr std::size_t kMaxListed = 10'000;

StreamChunk chunk_of(const Event& event) {
  return make_chunk(server_sent_event("event", std::to_string(event.id), event_json(event)));
}

// "started, died ... or health_changed"
std::string all_event_types() {
  std::string text;
  for (std::size_t i = 0; i < kEventTypes; ++i) {
    if (i > 0) text += i + 1 == kEventTypes ? " or " : ", ";
    text += to_string(static_cast<EventType>(i));
  }
  return text;
}

}  // namespace

EventFeed::EventFeed(std::shared_ptr<EventLog> log, LiveStream* live) : log_(std::move(log)), live_(live) {
  log_->set_listener([this](const EventPtr& event) { on_event(event); });
  published_ = log_->statistics().newest;
}

EventFeed::~EventFeed() {
  log_->set_listener(nullptr);
  listeners_.close();
  const MutexLock lock(mutex_);
  for (const Reader& reader : readers_) {
    if (const auto stream = reader.stream.lock()) stream->close();
  }
}

void EventFeed::on_event(const EventPtr& event) {
  const MutexLock lock(mutex_);
  published_ = event->id;
  std::erase_if(readers_, [&event](const Reader& reader) {
    const auto stream = reader.stream.lock();
    if (!stream || stream->over()) return true;
    std::string text = reader.encode(*event);
    return !text.empty() && !stream->push(make_chunk(std::move(text)));
  });
  if (listeners_.subscribers() == 0 && live_ == nullptr) return;
  const StreamChunk chunk = chunk_of(*event);
  listeners_.publish(chunk);
  if (live_ != nullptr) live_->publish(chunk);
}

HttpResponse EventFeed::list(const HttpRequest& request, const KnownWorkloads& known) const {
  EventFilter filter;
  for (const auto& [key, value] : request.query) {
    if (key == "since" || key == "limit") {
      const auto number = to_number(value);
      if (!number) return error_response(400, key + ": a whole number");
      if (key == "since") {
        filter.after = *number;
      } else {
        filter.limit = static_cast<std::size_t>(std::min<std::uint64_t>(*number, kMaxListed));
      }
    } else if (key == "type") {
      filter.type = event_type(value);
      if (!filter.type) {
        return error_response(400, "type: " + all_event_types());
      }
    } else if (key == "workload") {
      if (value.empty()) continue;
      const WorkloadMatches matches = known.find(value);
      if (matches.ambiguous()) return not_one_workload(matches, key);
      if (matches.none()) return json_response(events_json({}, log_->statistics()));
      filter.workload_id = *matches.only();
    }
  }
  std::vector<EventPtr> events = log_->select(filter);
  sort_by_time(events);
  return json_response(events_json(events, log_->statistics()));
}

std::vector<StreamChunk> EventFeed::missed_since(const std::string& last_event_id) const {
  std::vector<StreamChunk> chunks;
  const auto last = to_number(last_event_id);
  if (!last) return chunks;
  EventFilter missed;
  // An id that this log has not reached comes from an earlier log: send all events.
  missed.after = *last <= published_ ? *last : 0;
  missed.limit = kMaxListed;
  for (const EventPtr& event : log_->select(missed)) {
    if (event->id <= published_ && event->id > missed.after) chunks.push_back(chunk_of(*event));
  }
  return chunks;
}

HttpResponse EventFeed::stream(const HttpRequest& request) {
  const MutexLock lock(mutex_);
  std::vector<StreamChunk> first = missed_since(request.last_event_id);
  first.insert(first.begin(), make_chunk("retry: 2000\n\n"));
  return stream_response(listeners_.subscribe(std::move(first)));
}

std::shared_ptr<EventStream> EventFeed::stream_as(Encode encode, StreamChunk keep_alive) {
  auto stream =
      std::make_shared<EventStream>(std::vector<StreamChunk>(), EventStream::kMaxQueueBytes, std::move(keep_alive));
  const MutexLock lock(mutex_);
  // Also without events: a client that comes and goes leaves nothing behind.
  std::erase_if(readers_, [](const Reader& reader) {
    const auto known = reader.stream.lock();
    return !known || known->over();
  });
  readers_.push_back({stream, std::move(encode)});
  return stream;
}

HttpResponse EventFeed::live_stream(const HttpRequest& request) {
  const MutexLock lock(mutex_);
  return stream_response(live_->open(missed_since(request.last_event_id)));
}

}  // namespace tallyman
