#include "agent/config/process_rules.h"

#include "collectors/kernel/system/text.h"

#include <boost/json.hpp>

#include <algorithm>

namespace tallyman {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxRules = 1'000, kMaxNameLength = 64, kMaxPatternLength = 4'096;

struct Key {
  std::string_view name;
  std::string ProcessRule::*field;
};
constexpr Key kKeys[] = {{"name", &ProcessRule::name},
                         {"executable", &ProcessRule::executable},
                         {"command", &ProcessRule::command},
                         {"user", &ProcessRule::user},
                         {"cgroup", &ProcessRule::cgroup}};

Result<void, InputError> read_rule(const json::object& object, ProcessRule& rule) {
  for (const auto& member : object) {
    const std::string_view name(member.key().data(), member.key().size());
    const auto key = std::find_if(std::begin(kKeys), std::end(kKeys), [&](const Key& k) { return k.name == name; });
    if (key == std::end(kKeys))
      return InputError{"has the unknown '" + shown(name) + "': expects " + process_rule_keys()};
    const json::string* text = member.value().if_string();
    if (text == nullptr) return InputError{"'" + std::string(name) + "' expects a text"};
    if (text->size() > kMaxPatternLength) return InputError{"'" + std::string(name) + "' is longer than 4096 bytes"};
    rule.*(key->field) = std::string(text->data(), text->size());
  }
  if (rule.name.empty()) return InputError{"needs a name for the group"};
  if (rule.name.size() > kMaxNameLength) return InputError{"has a name of more than 64 bytes"};
  if (rule.executable.empty() && rule.command.empty() && rule.user.empty() && rule.cgroup.empty()) {
    return InputError{"needs a pattern: one of executable, command, user and cgroup"};
  }
  if (const auto compiled = ProcessGrouping::make({rule}); !compiled) {
    return InputError{"expects regular expressions (RE2): " + shown(compiled.error().where)};
  }
  return {};
}

}  // namespace

std::string process_rule_keys() {
  std::string keys;
  for (const Key& key : kKeys) keys += (keys.empty() ? "" : ", ") + std::string(key.name);
  return keys;
}

Result<std::vector<ProcessRule>, InputError> read_process_rules(std::string_view text) {
  const std::string want = R"(expects a list, for example [{"name": "web", "executable": "^nginx$"}])";
  json::error_code error;
  const json::value parsed = json::parse(json::string_view(text.data(), text.size()), error);
  const json::array* list = error ? nullptr : parsed.if_array();
  if (list == nullptr) return InputError{want};
  if (list->size() > kMaxRules) return InputError{"has more than 1000 rules"};
  std::vector<ProcessRule> rules;
  for (const json::value& one : *list) {
    const std::string which = "rule " + std::to_string(rules.size() + 1) + " ";
    const json::object* object = one.if_object();
    if (object == nullptr) return InputError{which + "is no object: " + want};
    rules.emplace_back();
    if (const auto read = read_rule(*object, rules.back()); !read) return InputError{which + read.error().text};
  }
  return rules;
}

std::string process_rules_text(const std::vector<ProcessRule>& rules) {
  if (rules.empty()) return {};
  json::array list;
  for (const ProcessRule& rule : rules) {
    json::object object;
    for (const Key& key : kKeys) {
      if (const std::string& text = rule.*(key.field); !text.empty()) object[key.name] = text;
    }
    list.push_back(std::move(object));
  }
  return json::serialize(list);
}

}  // namespace tallyman
