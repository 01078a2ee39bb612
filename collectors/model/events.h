// Workload events, newest last: a bounded list in memory. Every event has an id, one more
// than the previous one, starting at 1. To make room, the oldest event of the least weight is
// dropped first: grave ones (OOM kills, failed exits, restart loops) outlast the coming and
// going of others, and those of one workload never push out another's. Thread-safe.
#pragma once

#include "collectors/kernel/system/thread_annotations.h"
#include "collectors/model/workload.h"
#include "collectors/model/workload_query.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace tallyman {

enum class EventType : std::uint8_t {
  kStarted,
  kDied,
  kOomKilled,
  kThrottled,
  kLimitChanged,
  kPaused,
  kResumed,
  kRestarted,
  kHealthChanged,
  kCount,
};
inline constexpr std::size_t kEventTypes = static_cast<std::size_t>(EventType::kCount);
std::string_view to_string(EventType type);  // "started", "oom_killed", ...
std::optional<EventType> event_type(std::string_view text);

using EventDetail = std::variant<std::int64_t, double, std::string>;

struct Event {
  std::uint64_t id = 0;         // set by the log
  std::uint64_t time_nsec = 0;  // since the epoch; an exit event is published once its exit code is known
  EventType type = EventType::kStarted;
  // Only what identifies the workload: an event does not keep its labels and mounts.
  WorkloadKind kind = WorkloadKind::kCgroup;
  std::string workload_id, workload, runtime, container_id, name, image;
  std::string container, pod, name_space;                         // on Kubernetes
  std::string owner;                                              // an identity: its room in the log is bounded
  bool of_others = false;                                         // inside of a container, or made by a user
  std::string message;                                            // one sentence
  std::vector<std::pair<std::string_view, EventDetail>> details;  // keys are literals

  static Event of(const Workload& workload, EventType type, std::uint64_t time_nsec, std::string message);
};
using EventPtr = std::shared_ptr<const Event>;

// False for plain cgroups, slices and scopes inside of a container: its own processes can make
// them by the thousand.
bool has_events(const Workload& workload);
// Of starts and ends: not of groups of processes either, in which programs come and go all the
// time.
bool has_lifetime_events(const Workload& workload);

// So many restarts in a row are a loop.
inline constexpr std::int64_t kLoopRestarts = 3;

enum class EventWeight : std::uint8_t { kPlain, kOrdinary, kGrave };
inline constexpr std::size_t kEventWeights = 3;
EventWeight weight_of(const Event& event);

std::optional<std::int64_t> number_in(const Event& event, std::string_view detail);

struct EventFilter {
  std::uint64_t after = 0;    // only greater ids
  std::size_t limit = 1'000;  // the oldest ones; the newest ones if after is 0
  std::optional<EventType> type;
  std::string workload_id;  // empty: all

  bool matches(const Event& event) const;
};

struct EventLogStatistics {
  std::array<std::uint64_t, kEventTypes> by_type{};  // since the start
  std::uint64_t dropped = 0;                         // to make room
  std::uint64_t oldest = 0, newest = 0;              // ids that are kept; 0: none yet
};

// By the time at which they happened, not at which it was noticed; then by id.
void sort_by_time(std::vector<EventPtr>& events);

class EventLog {
 public:
  // Grave events may take up half of `max_kept` before they make room for ordinary ones:
  // then the oldest of the owner that has the most.
  explicit EventLog(std::size_t max_kept) : max_kept_(max_kept) {}

  void append(Event event);
  std::vector<EventPtr> select(const EventFilter& filter) const;  // by id
  // Those of the events that are kept, as ended: this does not know which exist.
  void offer_workloads(WorkloadMatches& matches) const;
  EventLogStatistics statistics() const;
  // Called after each append(), in its thread, in order. Must neither block nor call back
  // here. At most one; null: none. Once this returns, the previous listener is no longer
  // called.
  void set_listener(std::function<void(const EventPtr&)> listener);

 private:
  using Ring = std::deque<EventPtr>;
  Ring& ring(EventWeight weight) REQUIRES(mutex_) { return kept_[static_cast<std::size_t>(weight)]; }
  void make_room() REQUIRES(mutex_);
  void drop_a_grave_one() REQUIRES(mutex_);
  std::size_t size() const REQUIRES(mutex_);
  // Those that match, by id.
  std::vector<EventPtr> matching(const EventFilter& filter) const REQUIRES(mutex_);

  const std::size_t max_kept_;
  Mutex listener_mutex_ ACQUIRED_BEFORE(mutex_);  // held around append()
  mutable Mutex mutex_;
  std::array<Ring, kEventWeights> kept_ GUARDED_BY(mutex_);                   // by weight; each by id
  std::unordered_map<std::string, std::size_t> grave_of_ GUARDED_BY(mutex_);  // by owner
  EventLogStatistics statistics_ GUARDED_BY(mutex_);
  std::function<void(const EventPtr&)> listener_ GUARDED_BY(listener_mutex_);
};

}  // namespace tallyman
