// One line for each cause in a while, with the number of times it came again:
// the same trouble with a thousand containers every second fills no disk.
// Memory is bounded: causes beyond the bound share one entry, so that no more
// than max_causes + 1 lines come in one period whatever the causes are.
// Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <mutex>
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

  // Empty: this line stays unsaid. Else say it, with this number of lines that
  // stayed unsaid since the last one. Causes are compared by their first 200 bytes.
  std::optional<std::uint64_t> admit(std::string_view cause);

  struct Unsaid {
    std::string cause;
    std::uint64_t repeats;
  };
  // Causes whose period is over and that have unsaid lines, oldest first. Call it
  // now and then: they would come out no sooner than the cause itself.
  std::vector<Unsaid> take_unsaid();

  std::size_t size() const;

 private:
  struct Entry {
    std::string cause;
    std::chrono::steady_clock::time_point said;
    std::uint64_t repeats = 0;
  };
  using Entries = std::list<Entry>;  // in the order of `said`

  std::optional<std::uint64_t> admit_known(Entries::iterator entry, std::chrono::steady_clock::time_point now);
  void forget_old(std::chrono::steady_clock::time_point now);

  const std::chrono::seconds period_;
  const std::size_t max_causes_;
  const Clock clock_;
  mutable std::mutex mutex_;
  Entries entries_;
  std::map<std::string_view, Entries::iterator> by_cause_;  // views into entries_
};

}  // namespace tallyman
