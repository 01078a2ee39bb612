// One order as the probe takes it: a word and settings, `integer duration=100000000 warm=20000000`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tallyman::probe {

// The settings of one order.
class Order {
 public:
  explicit Order(std::string_view line);
  const std::string& word() const { return word_; }
  std::string text(std::string_view name) const;  // "" if it is missing
  std::uint64_t number(std::string_view name, std::uint64_t fallback) const;

 private:
  std::string word_;
  std::vector<std::pair<std::string, std::string>> settings_;
};

}  // namespace tallyman::probe
