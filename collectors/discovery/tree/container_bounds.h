// How many cgroups a container may have inside of it, and how fast it may make them: whoever
// can make cgroups in a container must not take the room or the time of the others. One
// thread owns it.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace tallyman {

class ContainerBounds {
 public:
  using Clock = std::chrono::steady_clock;

  struct Container {
    std::size_t cgroups = 0, path_bytes = 0;  // of those inside, at any depth
    double allowance = 0;                     // cgroups that it may still make at once
    Clock::time_point refilled{};
    Clock::time_point quiet_until{};  // it made too many: nobody listens inside
    bool quiet = false;
    bool crowded = false;  // it has had more than it may have
  };
  using Entry = std::pair<const std::string, Container>;  // by path

  // So many bytes of paths are as good as one cgroup.
  static constexpr std::size_t kPathBytes = 128;
  // A system container starts some 60 services within seconds.
  static constexpr double kBurst = 200, kPerSecond = 10;
  // Shorter than the time between two walks: each walk listens again.
  static constexpr std::chrono::seconds kQuiet{55};

  explicit ContainerBounds(std::size_t max_inside) : max_inside_(max_inside) {}

  // The outermost container that the path is inside of; null: none.
  Entry* around(std::string_view path);
  const Entry* around(std::string_view path) const { return const_cast<ContainerBounds*>(this)->around(path); }
  // That one, or the path's own.
  Entry* at_or_around(std::string_view path);

  bool has_room(const Container& container, std::string_view path) const;
  void add(const std::string& path, bool is_container);
  // True if it was a container that nobody listens to.
  bool remove(const std::string& path);
  // One more was made. False: too fast.
  bool may_make(Container& container, Clock::time_point now) const;
  // The one with the most cgroups inside; null: none has any.
  Entry* fullest();
  void for_each(const std::function<void(Entry&)>& visit);

 private:
  std::size_t max_inside_;
  std::map<std::string, Container, std::less<>> containers_;  // only outermost ones
};

}  // namespace tallyman
