#include "agent/config/cadvisor/go_flags.h"

#include "collectors/kernel/system/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace tallyman {
namespace {

bool is_one_of(std::string_view text, std::span<const std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

// Takes the prefix of a base off: "0x", "0b", "0o" or "0".
int take_base(std::string_view& digits) {
  if (digits.size() < 2 || digits.front() != '0') return 10;
  const char letter = static_cast<char>(digits[1] | 0x20);
  const int base = letter == 'x' ? 16 : letter == 'b' ? 2 : 8;
  digits.remove_prefix(base != 8 || letter == 'o' ? 2 : 1);
  return base;
}

struct DurationUnit {
  std::string_view name;
  double nanoseconds;
};
constexpr std::array kDurationUnits = {DurationUnit{"ns", 1},   DurationUnit{"us", 1e3},  DurationUnit{"µs", 1e3},
                                       DurationUnit{"μs", 1e3}, DurationUnit{"ms", 1e6},  DurationUnit{"s", 1e9},
                                       DurationUnit{"m", 60e9}, DurationUnit{"h", 3600e9}};

// Takes "1.5h" off the front.
std::optional<double> take_part(std::string_view& text) {
  const auto number_size = std::min(text.find_first_not_of("0123456789."), text.size());
  const auto number = go_float(text.substr(0, number_size));
  if (!number) return std::nullopt;
  text.remove_prefix(number_size);
  const std::string_view unit = text.substr(0, std::min(text.find_first_of("0123456789."), text.size()));
  const auto* found = std::find_if(kDurationUnits.begin(), kDurationUnits.end(),
                                   [&](const DurationUnit& one) { return one.name == unit; });
  if (found == kDurationUnits.end()) return std::nullopt;
  text.remove_prefix(unit.size());
  return *number * found->nanoseconds;
}

InputError no_flag(const std::string& argument) {
  const bool is_switch_value = go_bool(argument).has_value();
  return {"'" + shown(argument) + "' is no flag: cAdvisor would ignore it and all that follows; " +
          (is_switch_value ? "a switch takes its value after '=', for example --docker_only=" + argument
                           : std::string("leave it out"))};
}

}  // namespace

std::optional<bool> go_bool(std::string_view text) {
  constexpr std::array<std::string_view, 6> kTrue = {"1", "t", "T", "true", "TRUE", "True"};
  constexpr std::array<std::string_view, 6> kFalse = {"0", "f", "F", "false", "FALSE", "False"};
  if (is_one_of(text, kTrue)) return true;
  if (is_one_of(text, kFalse)) return false;
  return std::nullopt;
}

std::optional<std::int64_t> go_int(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const int base = take_base(text);
  std::string digits(text);
  if (digits.ends_with('_') || digits.find("__") != digits.npos) return std::nullopt;
  std::erase(digits, '_');
  std::uint64_t magnitude = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, magnitude, base);
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (error != std::errc() || stop != end || magnitude > kMax) return std::nullopt;
  return negative ? -static_cast<std::int64_t>(magnitude) : static_cast<std::int64_t>(magnitude);
}

std::optional<double> go_float(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::chrono::nanoseconds> go_duration(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return std::chrono::nanoseconds(0);
  if (text.empty()) return std::nullopt;
  double sum = 0;
  while (!text.empty()) {
    const auto part = take_part(text);
    if (!part) return std::nullopt;
    sum += *part;
  }
  if (sum >= static_cast<double>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
  const auto whole = static_cast<std::int64_t>(std::round(sum));
  return std::chrono::nanoseconds(negative ? -whole : whole);
}

bool is_of_type(GoType type, std::string_view text) {
  switch (type) {
    case GoType::kBool:
      return go_bool(text).has_value();
    case GoType::kInt:
      return go_int(text).has_value();
    case GoType::kUint:
      return go_int(text).value_or(-1) >= 0;
    case GoType::kFloat:
      return go_float(text).has_value();
    case GoType::kDuration:
      return go_duration(text).has_value();
    case GoType::kText:
      return true;
  }
  return false;
}

std::string_view expectation(GoType type) {
  switch (type) {
    case GoType::kBool:
      return "true or false";
    case GoType::kInt:
      return "a whole number";
    case GoType::kUint:
      return "a whole number, 0 or more";
    case GoType::kFloat:
      return "a number";
    case GoType::kDuration:
      return "a duration, for example 10s or 1m30s";
    case GoType::kText:
      return "a text";
  }
  return "";
}

std::string_view go_flag_name(std::string_view argument) {
  if (argument.size() < 2 || argument[0] != '-') return {};
  argument.remove_prefix(argument[1] == '-' ? 2 : 1);
  if (argument.empty() || argument[0] == '-' || argument[0] == '=') return {};
  return argument.substr(0, argument.find('='));
}

Result<std::vector<GoFlag>, InputError> read_go_flags(std::span<const std::string> arguments, const GoTypeOf& type_of) {
  std::vector<GoFlag> flags;
  for (auto next = arguments.begin(); next != arguments.end(); ++next) {
    const std::string& argument = *next;
    if (argument == "--") {
      if (next + 1 == arguments.end()) break;
      return no_flag(*(next + 1));
    }
    const std::string name(go_flag_name(argument));
    if (name.empty()) return no_flag(argument);
    const auto type = type_of(name);
    if (!type) return type.error();
    GoFlag flag{name, "true", argument};
    if (const auto equals = argument.find('='); equals != argument.npos) {
      flag.value = argument.substr(equals + 1);
    } else if (*type != GoType::kBool) {
      if (next + 1 == arguments.end()) {
        return InputError{argument + ": needs a value: " + std::string(expectation(*type))};
      }
      flag.value = *++next;
      flag.written += "=" + flag.value;
    }
    flags.push_back(std::move(flag));
  }
  return flags;
}

}  // namespace tallyman
