#include "collectors/sampling/lifecycle/event_detector.h"

#include "collectors/kernel/stats/cpu_shares.h"
#include "collectors/model/workload_id.h"
#include "collectors/model/workload_identity.h"

#include <optional>
#include <utility>

namespace tallyman {
namespace {

std::string limit_text(Count limit) {
  if (!limit) return "unknown";
  return *limit == kUnlimited ? "none" : std::to_string(*limit);
}

std::optional<double> cores_of(const LimitStats& limits) {
  const std::uint64_t period = limits.cpu_period_usec.value_or(100'000);
  if (!limits.cpu_quota_usec || *limits.cpu_quota_usec == kUnlimited || period == 0) return {};
  return static_cast<double>(*limits.cpu_quota_usec) / static_cast<double>(period);
}

// CPU bandwidth in cores, as people set it.
std::string cores_text(const LimitStats& limits) {
  if (!limits.cpu_quota_usec || *limits.cpu_quota_usec == kUnlimited) return "none";
  const std::uint64_t period = limits.cpu_period_usec.value_or(100'000);
  if (period == 0) return "unknown";
  const std::uint64_t thousandths = *limits.cpu_quota_usec * 1'000 / period;
  std::string fraction = std::to_string(1'000 + thousandths % 1'000).substr(1);
  return std::to_string(thousandths / 1'000) + "." + fraction;
}

}  // namespace

void add_memory_limit(Event& event, const LimitStats& limits) {
  if (!limits.memory_max || *limits.memory_max == kUnlimited) return;
  event.details.emplace_back("memory_limit_bytes", static_cast<std::int64_t>(*limits.memory_max));
}

void EventDetector::check(const Workload& workload, const CgroupStats& stats, Memory& memory, std::uint64_t wall_nsec,
                          std::chrono::steady_clock::time_point now) {
  if (!has_events(workload)) return;
  if (!memory.seen) memory.first_seen = now;
  check_oom_kills(workload, stats, memory, wall_nsec);
  if (memory.seen && memory.frozen && stats.frozen && *stats.frozen != *memory.frozen) {
    const bool paused = *stats.frozen != 0;
    log_.append(Event::of(workload, paused ? EventType::kPaused : EventType::kResumed, wall_nsec,
                          subject_of(workload) + (paused ? " was paused" : " was resumed")));
  }
  if (stats.frozen) memory.frozen = stats.frozen;

  const Health health = workload.container.health;
  if (memory.seen && health != memory.health && health != Health::kNone) {
    Event event = Event::of(workload, EventType::kHealthChanged, wall_nsec,
                            subject_of(workload) + " is " + std::string(to_string(health)));
    event.details.emplace_back("health", std::string(to_string(health)));
    event.details.emplace_back("before", std::string(to_string(memory.health)));
    log_.append(std::move(event));
  }
  if (health != Health::kNone) memory.health = health;  // it may be unknown for a while

  check_throttling(workload, stats.cpu, memory, wall_nsec, now);
  check_limits(workload, stats.limits, memory, wall_nsec, now);
  memory.seen = true;
}

void EventDetector::check_oom_kills(const Workload& workload, const CgroupStats& stats, Memory& memory,
                                    std::uint64_t wall_nsec) {
  const Count& kills = stats.memory_events.oom_kill;
  if (kills && memory.oom_kills && *kills > *memory.oom_kills) {
    const std::uint64_t more = *kills - *memory.oom_kills;
    Event event = Event::of(workload, EventType::kOomKilled, wall_nsec,
                            subject_of(workload) + " lost " + std::to_string(more) +
                                (more == 1 ? " process" : " processes") + " to the OOM killer");
    event.details.emplace_back("killed", static_cast<std::int64_t>(more));
    add_memory_limit(event, stats.limits);
    oom_kills_.push_back(std::move(event));
    memory.last_oom_nsec = wall_nsec;
  }
  if (kills) memory.oom_kills = kills;
}

void EventDetector::check_throttling(const Workload& workload, const CpuStats& cpu, Memory& memory,
                                     std::uint64_t wall_nsec, std::chrono::steady_clock::time_point now) {
  const Count periods = std::exchange(memory.periods, cpu.nr_periods);
  const Count throttled = std::exchange(memory.throttled, cpu.nr_throttled);
  if (!periods || !throttled || !cpu.nr_periods || !cpu.nr_throttled || *cpu.nr_periods < *periods ||
      *cpu.nr_throttled < *throttled) {
    memory.is_throttled = memory.reported_throttled = false;
    return;
  }
  const std::uint64_t in = *cpu.nr_periods - *periods, hit = *cpu.nr_throttled - *throttled;
  if (in == 0 || 2 * hit <= in) {
    memory.is_throttled = memory.reported_throttled = false;
    return;
  }
  if (!std::exchange(memory.is_throttled, true)) memory.throttled_since = now;
  if (memory.reported_throttled || now - memory.throttled_since < kThrottledFor) return;
  memory.reported_throttled = true;
  const auto lasted = std::chrono::duration_cast<std::chrono::seconds>(now - memory.throttled_since).count();
  Event event = Event::of(workload, EventType::kThrottled, wall_nsec,
                          subject_of(workload) + " has been throttled for " + std::to_string(lasted) + " s");
  event.details.emplace_back("seconds", static_cast<std::int64_t>(lasted));
  if (const auto cores = cores_of(memory.limits)) event.details.emplace_back("cpu_limit_cores", *cores);
  log_.append(std::move(event));
}

void EventDetector::check_limits(const Workload& workload, const LimitStats& limits, Memory& memory,
                                 std::uint64_t wall_nsec, std::chrono::steady_clock::time_point now) {
  if (!limits.memory_max && !limits.cpu_quota_usec) return;  // not read, or no such controller
  const LimitStats& known = memory.limits;
  if (known.memory_max == limits.memory_max && known.cpu_quota_usec == limits.cpu_quota_usec &&
      known.cpu_period_usec == limits.cpu_period_usec && known.cpu_shares == limits.cpu_shares &&
      known.cpu_weight == limits.cpu_weight) {
    return;
  }
  const LimitStats before = std::exchange(memory.limits, limits);
  if (!std::exchange(memory.has_limits, true) || now - memory.first_seen < kSettlingTime) return;
  const auto report = [&](const std::string& what, std::string old_text, std::string new_text) {
    Event event = Event::of(workload, EventType::kLimitChanged, wall_nsec,
                            subject_of(workload) + ": " + what + " is now " + new_text + ", it was " + old_text);
    event.details.emplace_back("limit", what);
    event.details.emplace_back("before", std::move(old_text));
    event.details.emplace_back("now", std::move(new_text));
    log_.append(std::move(event));
  };
  if (before.memory_max && limits.memory_max && *before.memory_max != *limits.memory_max) {
    report("memory_bytes", limit_text(before.memory_max), limit_text(limits.memory_max));
  }
  const std::string cores_before = cores_text(before), cores = cores_text(limits);
  if (before.cpu_quota_usec && limits.cpu_quota_usec && cores_before != cores) report("cpu_cores", cores_before, cores);
  const Count shares_before = cpu_shares_of(before, workload.container.cpu_shares),
              shares = cpu_shares_of(limits, workload.container.cpu_shares);
  if (shares_before && shares && (before.cpu_weight != limits.cpu_weight || before.cpu_shares != limits.cpu_shares)) {
    report("cpu_shares", limit_text(shares_before), limit_text(shares));
  }
}

void EventDetector::end_pass() {
  // Sorted by path: descendants follow their ancestors.
  for (std::size_t i = 0; i < oom_kills_.size(); ++i) {
    const WorkloadId id(oom_kills_[i].workload_id);
    bool lowest = true;
    for (std::size_t k = i + 1; k < oom_kills_.size() && lowest; ++k) {
      lowest = !id.contains(WorkloadId(oom_kills_[k].workload_id));
    }
    if (!lowest) continue;
    if (victims_ != nullptr) victims_->name_in(oom_kills_[i]);
    log_.append(std::move(oom_kills_[i]));
  }
  oom_kills_.clear();
}

}  // namespace tallyman
