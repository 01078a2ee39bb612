#include "agent/log/repeat_limiter.h"

#include <utility>

namespace tallyman {
namespace {

constexpr std::size_t kMaxCauseBytes = 200;
constexpr std::string_view kOtherCauses = "other causes";

}  // namespace

RepeatLimiter::RepeatLimiter(std::chrono::seconds period, std::size_t max_causes, Clock clock)
    : period_(period), max_causes_(max_causes), clock_(std::move(clock)) {}

std::optional<std::uint64_t> RepeatLimiter::admit(std::string_view cause) {
  cause = cause.substr(0, kMaxCauseBytes);
  const auto now = clock_();
  const MutexLock lock(mutex_);
  auto known = by_cause_.find(cause);
  if (known == by_cause_.end() && entries_.size() >= max_causes_) {
    forget_old(now);
    if (entries_.size() >= max_causes_) {
      cause = kOtherCauses;
      known = by_cause_.find(cause);
    }
  }
  if (known != by_cause_.end()) return admit_known(known->second, now);
  entries_.push_back({std::string(cause), now, 0});
  by_cause_.emplace(entries_.back().cause, std::prev(entries_.end()));
  return 0;
}

std::optional<std::uint64_t> RepeatLimiter::admit_known(Entries::iterator entry,
                                                        std::chrono::steady_clock::time_point now) {
  if (now - entry->logged_at < period_) {
    ++entry->repeats;
    return std::nullopt;
  }
  entry->logged_at = now;
  entries_.splice(entries_.end(), entries_, entry);
  return std::exchange(entry->repeats, 0);
}

// Also removes causes with suppressed lines: the bound matters more than their number.
void RepeatLimiter::forget_old(std::chrono::steady_clock::time_point now) {
  while (!entries_.empty() && now - entries_.front().logged_at >= period_) {
    by_cause_.erase(entries_.front().cause);
    entries_.pop_front();
  }
}

std::vector<RepeatLimiter::Suppressed> RepeatLimiter::take_suppressed() {
  const auto now = clock_();
  const MutexLock lock(mutex_);
  std::vector<Suppressed> suppressed;
  for (auto entry = entries_.begin(); entry != entries_.end() && now - entry->logged_at >= period_;) {
    if (entry->repeats == 0) {
      by_cause_.erase(entry->cause);
      entry = entries_.erase(entry);
      continue;
    }
    suppressed.push_back({entry->cause, std::exchange(entry->repeats, 0)});
    const auto following = std::next(entry);
    entry->logged_at = now;  // its number is logged now
    entries_.splice(entries_.end(), entries_, entry);
    entry = following;
  }
  return suppressed;
}

std::size_t RepeatLimiter::size() const {
  const MutexLock lock(mutex_);
  return entries_.size();
}

}  // namespace tallyman
