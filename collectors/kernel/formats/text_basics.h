// The smallest steps of reading text: whole numbers, and what is around a word. Pure.
// Outside of the parsers, include collectors/kernel/system/text.h.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

namespace tallyman::formats {

// The whole of `text` as a decimal number: no blanks, no overflow, and no sign that the type does not have.
template <class T = std::uint64_t>
std::optional<T> to_number(std::string_view text) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) {
    return {};
  }
  return value;
}

// A gauge of the kernel's that fell below zero, for a moment or by a fault, is written as a number near 2^64. It is
// no measurement.
constexpr bool is_wrapped(std::uint64_t value) { return value >= std::uint64_t{1} << 63; }

inline constexpr std::string_view kBlanks = " \t";

inline bool is_blank(char c) { return c == ' ' || c == '\t'; }

// Without the characters of `around` at both ends.
inline std::string_view trimmed(std::string_view text, std::string_view around = kBlanks) {
  const auto first = std::min(text.find_first_not_of(around), text.size());
  return text.substr(first, text.find_last_not_of(around) + 1 - first);
}

}  // namespace tallyman::formats
