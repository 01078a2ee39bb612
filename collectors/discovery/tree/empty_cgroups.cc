#include "collectors/discovery/tree/empty_cgroups.h"

#include <algorithm>

namespace tallyman {
namespace {

constexpr std::chrono::milliseconds kFirst{10}, kLast{10'000};

}  // namespace

void EmptyCgroups::add_or_postpone(std::uint8_t hierarchy, const std::string& path, Time now) {
  const auto [one, is_new] = empty_.try_emplace(path, Empty{hierarchy, now + kFirst, kFirst});
  if (!is_new && one->second.next_look <= now) {
    one->second.delay = std::min(one->second.delay * 2, kLast);
    one->second.next_look = now + one->second.delay;
  }
}

std::vector<std::pair<std::uint8_t, std::string>> EmptyCgroups::due(Time now) const {
  std::vector<std::pair<std::uint8_t, std::string>> due;
  for (const auto& [path, one] : empty_) {
    if (one.next_look <= now) due.emplace_back(one.hierarchy, path);
  }
  return due;
}

EmptyCgroups::Time EmptyCgroups::next() const {
  Time next = Time::max();
  for (const auto& [path, one] : empty_) next = std::min(next, one.next_look);
  return next;
}

}  // namespace tallyman
