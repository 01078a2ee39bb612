// The syntax of Go's flags; the expected values are what Go 1.25's strconv and time.ParseDuration give.
#include "agent/config/cadvisor/go_flags.h"

#include <gmock/gmock.h>

namespace tallyman {
namespace {

using std::chrono::nanoseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Result<GoType, InputError> types(std::string_view name) {
  if (name == "on") return GoType::kBool;
  if (name == "port") return GoType::kInt;
  return InputError{"unknown " + std::string(name)};
}

std::vector<std::string> pairs_of(const std::vector<std::string>& arguments) {
  const auto flags = read_go_flags(arguments, types);
  if (!flags) return {"error: " + flags.error().text};
  std::vector<std::string> texts;
  for (const GoFlag& flag : *flags) texts.push_back(flag.name + "=" + flag.value);
  return texts;
}

TEST(GoFlags, OneOrTwoDashesAndAnEqualsSignOrABlank) {
  EXPECT_THAT(pairs_of({"-port=1", "--port=2", "-port", "3", "--port", "-4"}),
              ElementsAre("port=1", "port=2", "port=3", "port=-4"));
  EXPECT_THAT(pairs_of({"-on", "--on=false", "--port=a=b", "--port="}),
              ElementsAre("on=true", "on=false", "port=a=b", "port="));
  EXPECT_THAT(pairs_of({"--on", "--"}), ElementsAre("on=true"));
  EXPECT_THAT(pairs_of({}), IsEmpty());
}

TEST(GoFlags, WhatCadvisorWouldIgnoreIsRefused) {
  EXPECT_THAT(
      pairs_of({"--on", "true", "--port=1"}),
      ElementsAre(HasSubstr("'true' is no flag: cAdvisor would ignore it and all that follows; a switch takes")));
  for (const std::string word : {"serve", "-", "---port", "--=1", ""}) {
    EXPECT_THAT(pairs_of({word}), ElementsAre(HasSubstr("'" + word + "' is no flag"))) << word;
  }
  EXPECT_THAT(pairs_of({"--", "rest"}), ElementsAre(HasSubstr("'rest' is no flag")));
}

TEST(GoFlags, NamesAndMissingValuesAreErrors) {
  EXPECT_THAT(pairs_of({"--prot=1"}), ElementsAre("error: unknown prot"));
  EXPECT_THAT(pairs_of({"--on", "--port"}), ElementsAre("error: --port: needs a value: a whole number"));
}

TEST(GoValues, Durations) {
  EXPECT_EQ(go_duration("1h30m"), nanoseconds(5'400'000'000'000));
  EXPECT_EQ(go_duration("1.5s"), nanoseconds(1'500'000'000));
  EXPECT_EQ(go_duration(".5m"), nanoseconds(30'000'000'000));
  EXPECT_EQ(go_duration("300ms"), nanoseconds(300'000'000));
  EXPECT_EQ(go_duration("-2us"), nanoseconds(-2'000));
  EXPECT_EQ(go_duration("2µs"), nanoseconds(2'000));
  EXPECT_EQ(go_duration("7ns"), nanoseconds(7));
  EXPECT_EQ(go_duration("+0"), nanoseconds(0));
  EXPECT_EQ(go_duration("2562047h"), nanoseconds(9'223'369'200'000'000'000));
  for (const char* text : {"", "5", "s", "5 s", "1d", "1h 30m", "1e3s", "2562048h", "--5s", ".s", "1..5s", "5s-"}) {
    EXPECT_FALSE(go_duration(text)) << text;
  }
}

TEST(GoValues, NumbersAndSwitches) {
  EXPECT_EQ(go_int("-17"), -17);
  EXPECT_EQ(go_int("0x1F"), 31);
  EXPECT_EQ(go_int("0b101"), 5);
  EXPECT_EQ(go_int("0o17"), 15);
  EXPECT_EQ(go_int("017"), 15);
  EXPECT_EQ(go_int("1_000"), 1'000);
  EXPECT_EQ(go_int("0"), 0);
  for (const char* text : {"", "-", "x", "1.5", "9223372036854775808", "08", "1__0", "1_", "0x"}) {
    EXPECT_FALSE(go_int(text)) << text;
  }
  EXPECT_EQ(go_float("-1.5"), -1.5);
  EXPECT_FALSE(go_float("1.5x"));
  for (const char* text : {"1", "t", "T", "true", "TRUE", "True"}) EXPECT_EQ(go_bool(text), true) << text;
  for (const char* text : {"0", "f", "F", "false", "FALSE", "False"}) EXPECT_EQ(go_bool(text), false) << text;
  for (const char* text : {"", "yes", "on", "tRUE"}) EXPECT_FALSE(go_bool(text)) << text;
}

}  // namespace
}  // namespace tallyman
