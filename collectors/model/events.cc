#include "collectors/model/events.h"

#include <algorithm>

namespace tallyman {
namespace {

constexpr std::string_view kNames[kEventTypes] = {"started", "died",    "oom_killed", "throttled",     "limit_changed",
                                                  "paused",  "resumed", "restarted",  "health_changed"};

}  // namespace

std::string_view to_string(EventType type) { return kNames[static_cast<std::size_t>(type)]; }

std::optional<EventType> event_type(std::string_view text) {
  const auto found = std::find(std::begin(kNames), std::end(kNames), text);
  if (found == std::end(kNames)) return {};
  return static_cast<EventType>(found - std::begin(kNames));
}

Event Event::of(const Workload& workload, EventType type, std::uint64_t time_nsec, std::string message) {
  Event event;
  event.time_nsec = time_nsec;
  event.type = type;
  event.kind = workload.kind;
  event.workload_id = workload.id;
  event.workload = workload.workload;
  event.runtime = workload.runtime;
  event.container_id = workload.container_id;
  event.name = workload.container.name;
  event.image = workload.container.image;
  event.message = std::move(message);
  return event;
}

bool EventFilter::matches(const Event& event) const {
  if (event.id <= after || (type && event.type != *type)) return false;
  return workload_id.empty() || event.workload_id == workload_id;
}

void EventLog::append(Event event) {
  const MutexLock in_order(listener_mutex_);
  EventPtr kept;
  {
    const MutexLock lock(mutex_);
    event.id = ++statistics_.newest;
    ++statistics_.by_type[static_cast<std::size_t>(event.type)];
    kept = std::make_shared<const Event>(std::move(event));
    kept_.push_back(kept);
    if (kept_.size() > max_kept_) {
      kept_.pop_front();
      ++statistics_.dropped;
    }
    statistics_.oldest = kept_.empty() ? 0 : kept_.front()->id;
  }
  if (listener_) listener_(kept);
}

std::vector<EventPtr> EventLog::select(const EventFilter& filter) const {
  std::vector<EventPtr> found;
  const MutexLock lock(mutex_);
  if (filter.after == 0) {
    for (auto it = kept_.rbegin(); it != kept_.rend() && found.size() < filter.limit; ++it) {
      if (filter.matches(**it)) found.push_back(*it);
    }
    std::reverse(found.begin(), found.end());
    return found;
  }
  for (auto it = kept_.begin(); it != kept_.end() && found.size() < filter.limit; ++it) {
    if (filter.matches(**it)) found.push_back(*it);
  }
  return found;
}

void EventLog::offer_workloads(WorkloadMatches& matches) const {
  const MutexLock lock(mutex_);
  for (const EventPtr& one : kept_)
    matches.offer({one->workload_id, one->container_id, one->workload, one->name}, false);
}

EventLogStatistics EventLog::statistics() const {
  const MutexLock lock(mutex_);
  return statistics_;
}

void EventLog::set_listener(std::function<void(const EventPtr&)> listener) {
  const MutexLock lock(listener_mutex_);
  listener_ = std::move(listener);
}

}  // namespace tallyman
