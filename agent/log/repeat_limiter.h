// Limits repeated log lines to one per cause and period, with the number of
// repetitions: the same error for a thousand containers every second must not fill a
// disk. Memory is bounded: causes beyond the bound share one entry, so that one period
// has at most max_causes + 1 lines.
// Thread-safe.
#pragma once

#include "collectors/kernel/system/thread_annotations.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman {

class RepeatLimiter {
 public:
  using Clock = std::function<std::chrono::steady_clock::time_point()>;

  explicit RepeatLimiter(std::chrono::seconds period = std::chrono::minutes(5), std::size_t max_causes = 1'000,
                         Clock clock = std::chrono::steady_clock::now);

  // Empty if the line is to be suppressed. Otherwise the number of lines suppressed
  // since the last one. Causes are compared by their first 200 bytes.
  std::optional<std::uint64_t> admit(std::string_view cause);

  struct Suppressed {
    std::string cause;
    std::uint64_t repeats;
  };
  // Causes with suppressed lines after the end of their period, oldest first. Without
  // this call the numbers would appear only when the cause is repeated.
  std::vector<Suppressed> take_suppressed();

  std::size_t size() const;

 private:
  struct Entry {
    std::string cause;
    std::chrono::steady_clock::time_point logged_at;
    std::uint64_t repeats = 0;
  };
  using Entries = std::list<Entry>;  // in the order of `logged_at`

  std::optional<std::uint64_t> admit_known(Entries::iterator entry, std::chrono::steady_clock::time_point now)
      REQUIRES(mutex_);
  void forget_old(std::chrono::steady_clock::time_point now) REQUIRES(mutex_);

  const std::chrono::seconds period_;
  const std::size_t max_causes_;
  const Clock clock_;
  mutable Mutex mutex_;
  Entries entries_ GUARDED_BY(mutex_);
  std::map<std::string_view, Entries::iterator> by_cause_ GUARDED_BY(mutex_);  // views into entries_
};

}  // namespace tallyman
