#include "collectors/discovery/tree/container_bounds.h"

#include <algorithm>

namespace tallyman {

ContainerBounds::Entry* ContainerBounds::around(std::string_view path) {
  if (containers_.empty()) return nullptr;
  for (std::size_t slash = path.find('/', 1); slash != std::string_view::npos; slash = path.find('/', slash + 1)) {
    const auto found = containers_.find(path.substr(0, slash));
    if (found != containers_.end()) return &*found;
  }
  return nullptr;
}

ContainerBounds::Entry* ContainerBounds::at_or_around(std::string_view path) {
  if (Entry* const outer = around(path)) return outer;
  const auto own = containers_.find(path);
  return own == containers_.end() ? nullptr : &*own;
}

bool ContainerBounds::has_room(const Container& container, std::string_view path) const {
  return container.cgroups < max_inside_ && container.path_bytes + path.size() <= max_inside_ * kPathBytes;
}

void ContainerBounds::add(const std::string& path, bool is_container) {
  if (Entry* const outer = around(path)) {
    ++outer->second.cgroups;
    outer->second.path_bytes += path.size();
  } else if (is_container) {
    containers_.try_emplace(path).first->second.allowance = kBurst;
  }
}

bool ContainerBounds::remove(const std::string& path) {
  if (Entry* const outer = around(path)) {
    --outer->second.cgroups;
    outer->second.path_bytes -= path.size();
    return false;
  }
  const auto own = containers_.extract(path);
  return !own.empty() && own.mapped().quiet;
}

bool ContainerBounds::may_make(Container& container, Clock::time_point now) const {
  if (container.refilled != Clock::time_point()) {
    const std::chrono::duration<double> since = now - container.refilled;
    container.allowance = std::min(kBurst, container.allowance + since.count() * kPerSecond);
  }
  container.refilled = now;
  if (container.allowance < 1) return false;
  container.allowance -= 1;
  return true;
}

ContainerBounds::Entry* ContainerBounds::fullest() {
  const auto found = std::max_element(containers_.begin(), containers_.end(), [](const Entry& a, const Entry& b) {
    return a.second.cgroups < b.second.cgroups;
  });
  return found == containers_.end() || found->second.cgroups == 0 ? nullptr : &*found;
}

void ContainerBounds::for_each(const std::function<void(Entry&)>& visit) {
  for (Entry& one : containers_) visit(one);
}

}  // namespace tallyman
