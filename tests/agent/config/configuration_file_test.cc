#include "agent/config/configuration_file.h"

#include "tests/support/parse_arguments.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <chrono>

namespace tallyman {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> read(const std::string& text) {
  auto result = parse_configuration(text, "t.yml");
  if (!result) return {"refused: " + result.error().text};
  std::vector<std::string> lines;
  for (const Assignment& a : *result) {
    lines.push_back(std::string(a.setting->name) + "=" + a.text);
  }
  return lines;
}

TEST(ConfigurationFile, NestedDottedAndMixedKeysAreTheSame) {
  for (const std::string text : {
           "log:\n  level: warn\n",
           "log.level: warn\n",
           "log: {level: warn}\n",
           "{\"log.level\": \"warn\"}\n",
           "---\nlog:\n    level: 'warn'\n...\n",
           "\xef\xbb\xbflog.level: warn\r\n# an end\r\n",
       }) {
    EXPECT_THAT(read(text), ElementsAre("log.level=warn")) << text;
  }
}

TEST(ConfigurationFile, ACollectorIsASwitchAndASectionOfItsSettings) {
  EXPECT_THAT(read("collector:\n  numa: true\n  cpu:\n    percpu: true\n  network: false\n"
                   "  network.ignored-interfaces: '^x'\ncollector.cpu: true\n"),
              ElementsAre("collector.numa=true", "collector.cpu.percpu=true", "collector.network=false",
                          "collector.network.ignored-interfaces=^x", "collector.cpu=true"));
}

TEST(ConfigurationFile, AnEmptyFileIsValid) {
  for (const std::string text : {"", "\n\n", "# only a comment\n", "---\n", "{}", "log:\nweb: {}\n", "~"}) {
    EXPECT_THAT(read(text), IsEmpty()) << text;
  }
}

TEST(ConfigurationFile, ValuesCarryTheLineOfTheirKey) {
  auto result = parse_configuration("# first\nlog:\n\n  level: >\n    warn\n", "t.yml");
  ASSERT_TRUE(result);
  const auto& assignments = *result;
  ASSERT_EQ(assignments.size(), 1U);
  EXPECT_EQ(assignments[0].place, "t.yml:4: log.level: warn?");
}

struct Refusal {
  std::string text, complaint;
};

class FileRefusals : public testing::TestWithParam<Refusal> {};

TEST_P(FileRefusals, NameTheLineAndTheRemedy) {
  EXPECT_THAT(read(GetParam().text), ElementsAre(HasSubstr("refused: t.yml:" + GetParam().complaint)));
}

INSTANTIATE_TEST_SUITE_P(
    Keys, FileRefusals,
    testing::Values(
        Refusal{"web.listen-adress: x", "1: unknown key 'web.listen-adress'; did you mean 'web.listen-address'?"},
        Refusal{"web:\n  listen-adress: x", "2: unknown key 'web.listen-adress'; did you mean 'web.listen-address'?"},
        Refusal{"log.level: warn\nwep:\n  x: y", "2: unknown key 'wep'; did you mean 'web'?"},
        Refusal{"\n\nport: 1", "3: unknown key 'port'; docs/configuration.md has all of them"},
        Refusal{"listen-address: x", "1: unknown key 'listen-address'; did you mean 'web.listen-address'?"},
        Refusal{"\"--log.level\": warn", "1: unknown key '--log.level'; did you mean 'log.level'?"},
        Refusal{"no-collector.numa: true", "1: unknown key 'no-collector.numa': write 'collector.numa: false'"},
        Refusal{"once: true", "1: unknown key 'once': --once is only a flag"},
        Refusal{"config.file: x", "1: unknown key 'config.file': --config.file is only a flag"},
        Refusal{"<<: {a: b}", "1: unknown key '<<'"}, Refusal{"\"log.\\e[2J\": x", "1: unknown key 'log.?[2J'"},
        Refusal{"log.level: warn\nlog: {level: info}", "2: 'log.level' comes twice, first in line 1"},
        Refusal{"log:\n  level: warn\nweb:\nlog:\n  format: auto", "4: 'log' comes twice, first in line 1"},
        Refusal{": x", "1: a key is missing before ':'"}, Refusal{"\"\": x", "1: a key is missing before ':'"},
        Refusal{"? [a]\n: b", "1: a list is no key"}, Refusal{"? {a: b}\n: c", "1: a mapping is no key"}));

INSTANTIATE_TEST_SUITE_P(
    Shapes, FileRefusals,
    testing::Values(
        Refusal{"log: debug", "1: 'log' is a section: expects settings in it, not 'debug'"},
        Refusal{"log: [level]", "1: 'log' is a section: expects settings in it, not a list"},
        Refusal{"\nlog.level: [warn]", "2: 'log.level' expects one of debug, info, warn, error, not a list"},
        Refusal{"log.level: {a: b}", "1: 'log.level' expects one of debug, info, warn, error, not a mapping"},
        Refusal{"log.level:\nweb:", "1: 'log.level' needs a value: one of debug, info, warn, error"},
        Refusal{"sampling: {interval: ~}", "1: 'sampling.interval' needs a value: a duration, 100ms to 1h"},
        Refusal{"collector:\n  cpu:\n", "2: 'collector.cpu' needs a value: true or false"},
        Refusal{"- log.level: warn", "1: expects settings, as in 'log.level: debug', not a list"},
        Refusal{"debug", "1: expects settings, as in 'log.level: debug', not 'debug'"},
        Refusal{"log.level: warn\n---\nlog.format: auto", "2: a second document ('---'): one is enough"},
        Refusal{"log.level: &a warn\nlog.format: *a", "1: anchors and aliases (&name, *name) are not taken"},
        Refusal{"log.format: *a", "1: is no YAML: the referenced anchor is not defined"},
        Refusal{"log: &a\n  level: warn\nweb: *a", "1: anchors and aliases"},
        Refusal{"log.level: !!str warn", "1: tags (tag:yaml.org,2002:str) are not taken: write the plain value"},
        Refusal{"\nlog.level: \"warn", "2: is no YAML: illegal EOF in scalar"},
        Refusal{"log: {level: warn", "1: is no YAML: end of map flow not found"},
        Refusal{"log:\n\tlevel: warn", "2: has a tab at the beginning: YAML is indented with spaces"},
        Refusal{"log.level: warn\n  log.format: auto", "2: is no YAML: illegal map value"},
        Refusal{std::string("log.level: warn\na\0b", 19), "2: is no text in UTF-8: byte 0 is in it"},
        Refusal{"\x7f"
                "ELF\x02\x01",
                "1: is no text in UTF-8: byte 127"},
        Refusal{std::string("\xff\xfel\0o\0g\0", 8), "1: is no text in UTF-8: byte 0"}));

TEST(ConfigurationFile, AnAliasBombIsRefusedAtItsFirstAnchor) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string below = std::to_string(i - 1), name = "a" + std::to_string(i);
    bomb += name + ": &" + name + " [*a" + below + ", *a" + below + ", *a" + below + ", *a" + below + "]\n";
  }
  EXPECT_THAT(read(bomb), ElementsAre("refused: t.yml:1: anchors and aliases (&name, *name) are not taken: write the "
                                      "value out"));
}

TEST(ConfigurationFile, AMebibyteOfAnythingIsParsedQuickly) {
  const auto repeated = [](const std::string& piece) {
    std::string text;
    while (text.size() + piece.size() <= kMaxConfigurationBytes) text += piece;
    return text;
  };
  for (const std::string piece : {"[", "{", "- ", "? ", "a: ", "&a ", "!", "\"", "[],", "{a,", "log: {", "---\n",
                                  "%TAG ! x:\n", "|\n", "'", "\\"}) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_THAT(read(repeated(piece)), ElementsAre(HasSubstr("refused: t.yml:"))) << piece;
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60)) << piece;
  }
  EXPECT_THAT(read("log:\n" + repeated("  # x\n").substr(6)), IsEmpty());
}

TEST(ConfigurationFile, AMebibyteIsTheMaximum) {
  EXPECT_THAT(read(std::string(kMaxConfigurationBytes, '\n')), IsEmpty());
  EXPECT_THAT(read(std::string(kMaxConfigurationBytes + 1, '\n')), ElementsAre("refused: t.yml: is larger than 1 MiB"));
  const TemporaryFile file(std::string(kMaxConfigurationBytes * 3, '\n'));
  EXPECT_EQ(read_configuration_file(file.path()).error().text, file.path() + ": is larger than 1 MiB");
}

std::string unreadable(const std::string& path) { return read_configuration_file(path).error().text; }

TEST(ConfigurationFile, AnUnreadableFileIsNamedWithTheReason) {
  const std::string why = ": the configuration file cannot be read: ";
  EXPECT_EQ(unreadable("/no/such.yml"), "/no/such.yml" + why + "No such file or directory");
  EXPECT_EQ(unreadable("/etc"), "/etc" + why + "it is a directory");
  EXPECT_EQ(unreadable("/dev/zero"), "/dev/zero" + why + "it is no regular file");
  EXPECT_THAT(unreadable("/" + std::string(5'000, 'x')), HasSubstr("File name too long"));
}

TEST(ConfigurationFile, APipeWithoutAWriterDoesNotDelayTheStart) {
  const std::string path = testing::TempDir() + "tallyman-fifo-" + std::to_string(getpid());
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_THAT(unreadable(path), HasSubstr("it is no regular file"));
  unlink(path.c_str());
}

TEST(ConfigurationFile, AFileWithoutPermissionIsNamed) {
  const TemporaryFile file("log.level: warn\n");
  ASSERT_EQ(chmod(file.path().c_str(), 0), 0);
  if (geteuid() == 0 && seteuid(65'534) != 0) GTEST_SKIP() << "cannot become another user";
  const auto result = read_configuration_file(file.path());
  ASSERT_EQ(seteuid(getuid()), 0);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().text, file.path() + ": the configuration file cannot be read: Permission denied");
}

}  // namespace
}  // namespace tallyman
