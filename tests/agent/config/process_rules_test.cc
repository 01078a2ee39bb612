#include "agent/config/process_rules.h"

#include "agent/config/configuration_file.h"
#include "agent/config/setting_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tallyman {
namespace {

using testing::HasSubstr;
using testing::Optional;

// The error of the file, or the rules in it.
std::variant<std::vector<ProcessRule>, std::string> configured(const std::string& text) {
  const auto parsed = parse_configuration(text, "t.yml");
  if (const auto* refused = std::get_if<std::string>(&parsed)) return *refused;
  Options options;
  for (const Assignment& one : std::get<std::vector<Assignment>>(parsed)) {
    if (const auto complaint = set_value(options, *one.setting, one.text)) return one.place + ": " + *complaint;
  }
  return options.processes.groups;
}

std::string refusal(const std::string& text) {
  const auto result = configured(text);
  const auto* refused = std::get_if<std::string>(&result);
  return refused == nullptr ? "" : *refused;
}

TEST(ProcessRules, AreAListOfTheFile) {
  const auto rules = configured(
      "processes:\n"
      "  groups:\n"
      "    - name: web\n"
      "      executable: '^nginx$'\n"
      "    - {name: queue, command: 'queue:work', user: www-data, cgroup: ^/user}\n"
      "log.level: warn\n");
  ASSERT_TRUE(std::holds_alternative<std::vector<ProcessRule>>(rules)) << std::get<std::string>(rules);
  EXPECT_EQ(
      std::get<std::vector<ProcessRule>>(rules),
      (std::vector<ProcessRule>{{"web", "^nginx$", "", "", ""}, {"queue", "", "queue:work", "www-data", "^/user"}}));
}

TEST(ProcessRules, ComeBackFromTheirOwnText) {
  const std::vector<ProcessRule> rules = {{"a \"b\"", "x", "", "", ""}, {"c", "", "\\d", "u", "g"}};
  std::vector<ProcessRule> back;
  EXPECT_EQ(read_process_rules(process_rules_text(rules), back), std::nullopt);
  EXPECT_EQ(back, rules);
  EXPECT_EQ(process_rules_text({}), "");
}

TEST(ProcessRules, AreRefusedWithTheRemedyIfInvalid) {
  std::vector<ProcessRule> rules = {{"kept", "x", "", "", ""}};
  const auto complaint = [&](std::string_view text) { return read_process_rules(text, rules).value_or("taken"); };
  EXPECT_THAT(complaint("web"), HasSubstr(R"(expects a list, for example [{"name": "web")"));
  EXPECT_THAT(complaint(R"([1])"), HasSubstr("rule 1 is no object"));
  EXPECT_THAT(complaint(R"([{"executable":"x"}])"), HasSubstr("rule 1 needs a name"));
  EXPECT_THAT(complaint(R"([{"name":"a","user":"x"},{"name":"web"}])"), HasSubstr("rule 2 needs a pattern"));
  EXPECT_THAT(complaint(R"([{"name":"web","exe":"x"}])"),
              HasSubstr("unknown 'exe': expects name, executable, command, user, cgroup"));
  EXPECT_THAT(complaint(R"([{"name":"web","user":1}])"), HasSubstr("'user' expects a text"));
  EXPECT_THAT(complaint(R"([{"name":"web","user":"("}])"), HasSubstr("missing )"));
  EXPECT_EQ(rules.size(), 1U);
}

TEST(ProcessRules, OfTheFileAreRefusedWithTheLine) {
  EXPECT_THAT(refusal("processes.groups: [web]\n"), HasSubstr("t.yml:1: 'processes.groups' expects a list of name"));
  EXPECT_THAT(refusal("processes.groups:\n  - name: web\n    user:\n"), HasSubstr("t.yml:3"));
  EXPECT_THAT(refusal("processes.groups:\n  - name: web\n    user: {a: b}\n"), HasSubstr("t.yml:3"));
  EXPECT_THAT(refusal("processes.groups:\n  - name: a\n    name: b\n"), HasSubstr("'name' comes twice in a rule"));
  EXPECT_THAT(refusal("processes.groups:\n  - [a]\n"), HasSubstr("t.yml:2"));
  EXPECT_THAT(refusal("processes.groups: {name: web}\n"), HasSubstr("t.yml:1"));
  EXPECT_THAT(refusal("processes.groups:\n  - name: web\n"), HasSubstr("t.yml:1: processes.groups"));
  EXPECT_THAT(refusal("log.level: [warn]\n"), HasSubstr("not a list"));
}

}  // namespace
}  // namespace tallyman
