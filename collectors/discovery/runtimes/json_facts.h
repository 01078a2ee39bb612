// Extracts facts from JSON of other programs: a key that is missing or has another type
// is an empty fact, never an error.
#pragma once

#include <boost/json.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallyman::json_facts {

namespace json = boost::json;

// Calls `use` with the object in the text; false if it is not one.
template <class Use>
bool with_object(std::string_view text, Use use) {
  json::parse_options options;
  options.max_depth = 64;
  options.allow_invalid_utf8 = true;  // replaced where labels are written
  json::monotonic_resource memory;
  boost::system::error_code error;
  const json::value root = json::parse({text.data(), text.size()}, error, &memory, options);
  if (error || !root.is_object()) return false;
  use(root.get_object());
  return true;
}

inline const json::value* member(const json::object& object, std::string_view key) {
  return object.if_contains({key.data(), key.size()});
}

inline const json::object* object_in(const json::object& object, std::string_view key) {
  const auto* value = member(object, key);
  return value != nullptr ? value->if_object() : nullptr;
}

inline std::string_view view_of(json::string_view text) { return {text.data(), text.size()}; }

inline std::string string_in(const json::object& object, std::string_view key) {
  const auto* value = member(object, key);
  const auto* text = value != nullptr ? value->if_string() : nullptr;
  return text != nullptr ? std::string(*text) : std::string();
}

inline std::optional<std::uint64_t> number_in(const json::object& object, std::string_view key) {
  const auto* value = member(object, key);
  if (value == nullptr) return {};
  if (const auto* number = value->if_int64(); number != nullptr && *number >= 0)
    return static_cast<std::uint64_t>(*number);
  if (const auto* number = value->if_uint64()) return *number;
  return {};
}

inline std::optional<bool> bool_in(const json::object& object, std::string_view key) {
  const auto* value = member(object, key);
  const auto* flag = value != nullptr ? value->if_bool() : nullptr;
  return flag != nullptr ? std::optional(*flag) : std::nullopt;
}

inline std::vector<std::string> strings_in(const json::object& object, std::string_view key) {
  std::vector<std::string> texts;
  const auto* value = member(object, key);
  const auto* array = value != nullptr ? value->if_array() : nullptr;
  if (array == nullptr) return texts;
  for (const auto& entry : *array)
    if (const auto* text = entry.if_string()) texts.emplace_back(*text);
  return texts;
}

// Of a list of "NAME=VALUE"; without names that are empty.
inline std::map<std::string, std::string> variables_in(const json::object& object, std::string_view key) {
  std::map<std::string, std::string> variables;
  for (const std::string& one : strings_in(object, key)) {
    const std::size_t equals = one.find('=');
    if (equals != one.npos && equals > 0) variables[one.substr(0, equals)] = one.substr(equals + 1);
  }
  return variables;
}

}  // namespace tallyman::json_facts
