// Cgroups that are shown once a process is in them, and when to look at each again: after 10, 20,
// 40 ... ms, then every 10 s.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace tallyman {

class EmptyCgroups {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // One that was due is looked at later next time.
  void add_or_postpone(std::uint8_t hierarchy, const std::string& path, Time now);
  void remove(const std::string& path) { empty_.erase(path); }
  // Hierarchy and path of those to look at now.
  std::vector<std::pair<std::uint8_t, std::string>> due(Time now) const;
  // When the next one is due; Time::max() if there is none.
  Time next() const;

 private:
  struct Empty {
    std::uint8_t hierarchy;
    Time next_look;
    std::chrono::milliseconds delay;
  };
  std::map<std::string, Empty> empty_;
};

}  // namespace tallyman
