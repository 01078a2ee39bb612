// The help of each command, and the arguments that it takes.
#include "agent/config/help.h"
#include "agent/config/options.h"
#include "agent/config/settings.h"
#include "tests/support/parse_arguments.h"

#include <gmock/gmock.h>

#include <sstream>

namespace tallyman {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// The help of a command in lines that fit, and no default that nobody could choose.
std::string checked_help(const std::vector<std::string>& line, int most_lines) {
  const auto parsed = parse(line);
  const EarlyExit& exit = parsed.error();
  EXPECT_EQ(exit.code, 0);
  std::istringstream lines(exit.text);
  int count = 0;
  for (std::string one; std::getline(lines, one); ++count) EXPECT_LE(one.size(), 80U) << one;
  EXPECT_LE(count, most_lines);
  EXPECT_THAT(exit.text, AllOf(Not(HasSubstr("(0)")), Not(HasSubstr("(0ms)"))));
  return exit.text;
}

std::vector<std::string> flags_of(SettingScope scope) {
  std::vector<std::string> flags;
  for (const Setting& setting : settings()) {
    if (setting.scope == scope && !std::holds_alternative<CollectorSwitch>(setting.field)) {
      flags.push_back("-" + std::string(setting.name));
    }
  }
  return flags;
}

TEST(CommandLine, HelpIsShortAndNamesEveryCommandAndItsOwnFlags) {
  const std::string text = checked_help({"serve", "--help", "--sampling.interval=nonsense"}, 70);
  EXPECT_EQ(text, help_text());
  for (const SettingScope scope : {SettingScope::kEverywhere, SettingScope::kFlagOnly, SettingScope::kServe}) {
    for (const std::string& flag : flags_of(scope)) EXPECT_THAT(text, HasSubstr(flag));
  }
  for (const Setting& setting : settings()) {
    const auto* collector = std::get_if<CollectorSwitch>(&setting.field);
    if (collector == nullptr) continue;
    EXPECT_THAT(text, HasSubstr(" " + std::string(collector->collector)));
  }
  for (const std::string word : {"serve", "ls --help", "metrics --help", "version", "overhead --help", "help [COMMAND]",
                                 "--collector.NAME", "--no-collector.NAME", "docs/configuration.md"}) {
    EXPECT_THAT(text, HasSubstr(word));
  }
}

TEST(CommandLine, ACommandsHelpIsItsOwn) {
  const std::string list = checked_help({"ls", "--help"}, 25);
  EXPECT_EQ(list, help_text(Command::kList));
  for (const std::string& flag : flags_of(SettingScope::kList)) EXPECT_THAT(list, HasSubstr(flag));
  EXPECT_THAT(list, AllOf(HasSubstr("NAME"), HasSubstr("--json"), Not(HasSubstr("--web."))));
  EXPECT_THAT(checked_help({"metrics", "--help"}, 10), HasSubstr("--format"));
  const std::string overhead = checked_help({"overhead", "--help"}, 50);
  EXPECT_EQ(overhead, help_text(Command::kOverhead));
  for (const std::string& flag : flags_of(SettingScope::kOverhead)) EXPECT_THAT(overhead, HasSubstr(flag));
  EXPECT_THAT(overhead, HasSubstr("--json"));
}

TEST(CommandLine, HelpIsACommandToo) {
  EXPECT_EQ(checked_help({"help"}, 70), help_text());
  EXPECT_EQ(checked_help({"help", "ls"}, 25), help_text(Command::kList));
  EXPECT_EQ(checked_help({"help", "overhead"}, 50), help_text(Command::kOverhead));
  EXPECT_THAT(refused({"help", "lss"}), HasSubstr("unexpected argument 'lss'; did you mean ls?"));
  EXPECT_THAT(refused({"hepl"}), HasSubstr("did you mean help?"));
}

TEST(CommandLine, OverheadAcceptsArguments) {
  const Options options = accepted({"overhead", "compare", "a", "/b", "--json"});
  EXPECT_EQ(options.command, Command::kOverhead);
  EXPECT_THAT(options.overhead.words, ElementsAre("compare", "a", "/b"));
  EXPECT_TRUE(options.list.json);
  EXPECT_EQ(accepted({"overhead", "run", "--docker.options=--cpus 0.5 -m 64m"}).overhead.docker_options,
            "--cpus 0.5 -m 64m");
  EXPECT_THAT(refused({"ls", "--quick"}), HasSubstr("--quick: is a flag of 'tallyman overhead'"));
  EXPECT_THAT(refused({"metrics", "run"}), HasSubstr("unexpected argument 'run'"));
}

TEST(CommandLine, TheNamesOfLsAreItsArguments) {
  const Options options = accepted({"ls", "web", "--json", "serve"});
  EXPECT_EQ(options.command, Command::kList);
  EXPECT_THAT(options.list.names, ElementsAre("web", "serve"));
  EXPECT_TRUE(options.overhead.words.empty());
  EXPECT_EQ(accepted({"ls"}).list.kind, "any");
  EXPECT_EQ(accepted({"ls", "--kind=pod"}).list.kind, "pod");
  EXPECT_THAT(refused({"ls", "--kind=pods"}), HasSubstr("--kind=pods: expects one of any, host, container"));
}

TEST(CommandLine, AFlagOnHowTheHostIsReadIsNoticed) {
  EXPECT_FALSE(accepted({"ls"}).list.says_what_to_read);
  EXPECT_FALSE(accepted({"ls", "--web.listen-address=:9", "--log.level=debug", "--all", "x"}).list.says_what_to_read);
  EXPECT_TRUE(accepted({"ls", "--sampling.interval=2s"}).list.says_what_to_read);
  EXPECT_TRUE(accepted({"ls", "--path.rootfs=/"}).list.says_what_to_read);
  EXPECT_TRUE(accepted({"ls", "--collector.numa"}).list.says_what_to_read);
}

}  // namespace
}  // namespace tallyman
