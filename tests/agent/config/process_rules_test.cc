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
Result<std::vector<ProcessRule>, InputError> configured(const std::string& text) {
  const auto parsed = parse_configuration(text, "t.yml");
  if (!parsed) return parsed.error();
  Options options;
  for (const Assignment& one : *parsed) {
    const auto read = set_value(options, *one.setting, one.text);
    if (!read) return InputError{one.place + ": " + read.error().text};
  }
  return options.processes.groups;
}

std::string refusal(const std::string& text) {
  const auto result = configured(text);
  return result ? "" : result.error().text;
}

TEST(ProcessRules, AreAListOfTheFile) {
  const auto rules = configured(
      "processes:\n"
      "  groups:\n"
      "    - name: web\n"
      "      executable: '^nginx$'\n"
      "    - {name: queue, command: 'queue:work', user: www-data, cgroup: ^/user}\n"
      "log.level: warn\n");
  ASSERT_TRUE(rules) << rules.error().text;
  EXPECT_EQ(*rules, (std::vector<ProcessRule>{{"web", "^nginx$", "", "", ""},
                                              {"queue", "", "queue:work", "www-data", "^/user"}}));
}

TEST(ProcessRules, ComeBackFromTheirOwnText) {
  const std::vector<ProcessRule> rules = {{"a \"b\"", "x", "", "", ""}, {"c", "", "\\d", "u", "g"}};
  const auto back = read_process_rules(process_rules_text(rules));
  ASSERT_TRUE(back) << back.error().text;
  EXPECT_EQ(*back, rules);
  EXPECT_EQ(process_rules_text({}), "");
}

TEST(ProcessRules, AreRefusedWithTheRemedyIfInvalid) {
  const auto complaint = [](std::string_view text) {
    const auto rules = read_process_rules(text);
    return rules ? "taken" : rules.error().text;
  };
  EXPECT_THAT(complaint("web"), HasSubstr(R"(expects a list, for example [{"name": "web")"));
  EXPECT_THAT(complaint(R"([1])"), HasSubstr("rule 1 is no object"));
  EXPECT_THAT(complaint(R"([{"executable":"x"}])"), HasSubstr("rule 1 needs a name"));
  EXPECT_THAT(complaint(R"([{"name":"a","user":"x"},{"name":"web"}])"), HasSubstr("rule 2 needs a pattern"));
  EXPECT_THAT(complaint(R"([{"name":"web","exe":"x"}])"),
              HasSubstr("unknown 'exe': expects name, executable, command, user, cgroup"));
  EXPECT_THAT(complaint(R"([{"name":"web","user":1}])"), HasSubstr("'user' expects a text"));
  EXPECT_THAT(complaint(R"([{"name":"web","user":"("}])"), HasSubstr("missing )"));
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
