#include "agent/overhead/probe/order.h"

#include <charconv>

namespace tallyman::probe {

Order::Order(std::string_view line) {
  while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.remove_suffix(1);
  bool first = true;
  while (!line.empty()) {
    const auto blank = line.find(' ');
    const std::string_view part = line.substr(0, blank);
    line.remove_prefix(blank == line.npos ? line.size() : blank + 1);
    const auto equals = part.find('=');
    if (first) {
      word_ = part;
    } else if (equals != part.npos) {
      settings_.emplace_back(part.substr(0, equals), part.substr(equals + 1));
    }
    first = false;
  }
}

std::string Order::text(std::string_view name) const {
  for (const auto& [key, value] : settings_) {
    if (key == name) return value;
  }
  return {};
}

std::uint64_t Order::number(std::string_view name, std::uint64_t fallback) const {
  const std::string value = text(name);
  std::uint64_t number = fallback;
  std::from_chars(value.data(), value.data() + value.size(), number);
  return number;
}

}  // namespace tallyman::probe
