#include "collectors/model/events.h"

#include "collectors/model/workload_groups.h"
#include "collectors/model/workload_identity.h"

#include <algorithm>
#include <iterator>

namespace tallyman {
namespace {

constexpr std::string_view kNames[kEventTypes] = {"started", "died",    "oom_killed", "throttled",     "limit_changed",
                                                  "paused",  "resumed", "restarted",  "health_changed"};

// What is inside of a container is that container's affair, and what a user made is the user's.
std::string owner_of(const Workload& workload) {
  if (!workload.inside.empty()) return workload.inside;
  if (workload.made_by_user && workload.user) return "user@" + std::to_string(*workload.user);
  return identity_of(workload);
}

bool failed(const Event& event) {
  if (event.type != EventType::kDied) return false;
  if (number_in(event, "exit_code").value_or(0) != 0) return true;
  return std::any_of(event.details.begin(), event.details.end(), [](const auto& detail) {
    const auto* outcome = std::get_if<std::string>(&detail.second);
    return detail.first == "outcome" && outcome != nullptr && *outcome == "oom_killed";
  });
}

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
  if (const auto& kubernetes = workload.container.kubernetes) event.container = kubernetes->container;
  if (auto pod = pod_of(workload)) {
    event.pod = std::move(pod->name);
    event.name_space = std::move(pod->name_space);
  }
  event.owner = owner_of(workload);
  event.of_others = !workload.inside.empty() || workload.made_by_user;
  event.message = std::move(message);
  return event;
}

bool has_events(const Workload& workload) {
  const WorkloadKind kind = workload.kind;
  const bool plain = kind == WorkloadKind::kCgroup || kind == WorkloadKind::kSlice || kind == WorkloadKind::kScope;
  return workload.inside.empty() || !plain;
}

bool has_lifetime_events(const Workload& workload) {
  return has_events(workload) && workload.kind != WorkloadKind::kProcess;
}

std::optional<std::int64_t> number_in(const Event& event, std::string_view detail) {
  const auto found =
      std::find_if(event.details.begin(), event.details.end(), [&](const auto& one) { return one.first == detail; });
  const auto* number = found == event.details.end() ? nullptr : std::get_if<std::int64_t>(&found->second);
  return number == nullptr ? std::nullopt : std::optional(*number);
}

EventWeight weight_of(const Event& event) {
  const bool loops = event.type == EventType::kRestarted && number_in(event, "restarts").value_or(0) >= kLoopRestarts;
  if (event.type == EventType::kOomKilled || failed(event) || loops) return EventWeight::kGrave;
  const bool plain = event.kind == WorkloadKind::kCgroup || event.kind == WorkloadKind::kProcess || event.of_others;
  return plain ? EventWeight::kPlain : EventWeight::kOrdinary;
}

void sort_by_time(std::vector<EventPtr>& events) {
  std::sort(events.begin(), events.end(), [](const EventPtr& a, const EventPtr& b) {
    return std::pair(a->time_nsec, a->id) < std::pair(b->time_nsec, b->id);
  });
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
    const EventWeight weight = weight_of(*kept);
    ring(weight).push_back(kept);
    if (weight == EventWeight::kGrave) ++grave_of_[kept->owner];
    if (size() > max_kept_) make_room();
    statistics_.oldest = 0;
    for (const Ring& one : kept_) {
      if (one.empty()) continue;
      const std::uint64_t first = one.front()->id;
      statistics_.oldest = statistics_.oldest == 0 ? first : std::min(statistics_.oldest, first);
    }
  }
  if (listener_) listener_(kept);
}

std::size_t EventLog::size() const {
  std::size_t all = 0;
  for (const Ring& one : kept_) all += one.size();
  return all;
}

void EventLog::make_room() {
  Ring& plain = ring(EventWeight::kPlain);
  Ring& ordinary = ring(EventWeight::kOrdinary);
  Ring& grave = ring(EventWeight::kGrave);
  const bool too_many_grave = grave.size() > std::max<std::size_t>(1, max_kept_ / 2);
  ++statistics_.dropped;
  if (plain.empty() && (ordinary.empty() || too_many_grave)) return drop_a_grave_one();
  (plain.empty() ? ordinary : plain).pop_front();
}

// Nobody's flood pushes out the few of others.
void EventLog::drop_a_grave_one() {
  Ring& grave = ring(EventWeight::kGrave);
  const auto loudest = std::max_element(grave_of_.begin(), grave_of_.end(),
                                        [](const auto& a, const auto& b) { return a.second < b.second; });
  const bool all_alike = loudest->second == 1;
  const auto drop = all_alike ? grave.begin() : std::find_if(grave.begin(), grave.end(), [&](const EventPtr& event) {
    return event->owner == loudest->first;
  });
  const auto owner = grave_of_.find((*drop)->owner);
  if (--owner->second == 0) grave_of_.erase(owner);
  grave.erase(drop);
}

std::vector<EventPtr> EventLog::matching(const EventFilter& filter) const {
  std::vector<EventPtr> found;
  for (const Ring& one : kept_) {
    std::copy_if(one.begin(), one.end(), std::back_inserter(found),
                 [&](const EventPtr& event) { return filter.matches(*event); });
  }
  std::sort(found.begin(), found.end(), [](const EventPtr& a, const EventPtr& b) { return a->id < b->id; });
  return found;
}

std::vector<EventPtr> EventLog::select(const EventFilter& filter) const {
  const MutexLock lock(mutex_);
  std::vector<EventPtr> found = matching(filter);
  if (found.size() <= filter.limit) return found;
  const auto limit = static_cast<std::ptrdiff_t>(filter.limit);
  filter.after == 0 ? found.erase(found.begin(), found.end() - limit) : found.erase(found.begin() + limit, found.end());
  return found;
}

void EventLog::offer_workloads(WorkloadMatches& matches) const {
  const MutexLock lock(mutex_);
  for (const Ring& ring : kept_) {
    for (const EventPtr& one : ring)
      matches.offer({one->workload_id, one->container_id, one->workload, one->name}, false);
  }
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
