#include "collectors/kernel/system/text.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tallyman {
namespace {

TEST(Text, ANumberIsTheWholeText) {
  EXPECT_EQ(to_number("0"), 0U);
  EXPECT_EQ(to_number("18446744073709551615"), 18446744073709551615U);
  for (const std::string_view text : {"", " ", " 1", "1 ", "1\n", "+1", "-1", "0x10", "1.5", "18446744073709551616"}) {
    EXPECT_FALSE(to_number(text)) << text;
  }
  EXPECT_EQ(to_number<std::uint8_t>("255"), 255);
  EXPECT_FALSE(to_number<std::uint8_t>("256"));
  EXPECT_EQ(to_number<int>("-7"), -7);
  EXPECT_EQ(to_number<double>("-1.5e3"), -1500.0);
  EXPECT_TRUE(std::isinf(to_number<double>("inf").value_or(0)));
}

TEST(Text, IsTrimmedAtBothEndsAlone) {
  EXPECT_EQ(trimmed(" \ta b\t "), "a b");
  EXPECT_EQ(trimmed("a"), "a");
  EXPECT_EQ(trimmed(""), "");
  EXPECT_EQ(trimmed(" \t "), "");
  EXPECT_EQ(trimmed("\"a\"\r", "\"\r"), "a");
  EXPECT_EQ(trimmed("a\n"), "a\n");
}

TEST(Text, WhatATerminalObeysIsReplaced) {
  const std::string hostile("a\x1b[2J\x7f\0\n\xc3\xa4", 10);
  EXPECT_EQ(without_controls(hostile), "a?[2J???\xc3\xa4");
  EXPECT_EQ(without_controls(hostile, ' '), "a [2J   \xc3\xa4");
  EXPECT_EQ(without_controls(""), "");
}

TEST(Text, WhatIsShownIsBounded) {
  EXPECT_EQ(shown("a\tb"), "a?b");
  EXPECT_EQ(shown(std::string(100, 'x')), std::string(100, 'x'));
  EXPECT_EQ(shown(std::string(1'000'000, 'x')), std::string(100, 'x') + "...");
}

}  // namespace
}  // namespace tallyman
