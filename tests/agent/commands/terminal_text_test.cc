#include "agent/commands/terminal_text.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

TEST(Printable, KeepsTextAndEscapesWhatTerminalsObey) {
  EXPECT_EQ(printable("Grüße, 世界 \xF0\x9F\x90\xB3"), "Grüße, 世界 \xF0\x9F\x90\xB3");
  EXPECT_EQ(printable("a\x1b[2Jb\x7f\n"), "a\\x1b[2Jb\\x7f\\x0a");
  EXPECT_EQ(printable("/a\u009b31mred"), "/a\\u009b31mred");
  EXPECT_EQ(printable("\u0080\u009f\u00a0"), "\\u0080\\u009f\u00a0");
  EXPECT_EQ(printable("gpj.\u202Eexe\u2066\u061C\u2029"), "gpj.\\u202eexe\\u2066\\u061c\\u2029");
}

TEST(Printable, KeepsBytesThatAreNotUtf8Apart) {
  EXPECT_EQ(printable("fr\xff"), "fr\\xff");
  EXPECT_EQ(printable("fr\xfe"), "fr\\xfe");
  EXPECT_EQ(printable("\x9b[31m"), "\\x9b[31m");  // C1 in one byte
}

TEST(Printable, JsonStaysTheSameForAReader) {
  EXPECT_EQ(printable_json("{\"a\u009b\":\"\u202E\"}"), "{\"a\\u009b\":\"\\u202e\"}");
  EXPECT_EQ(printable_json("{\"id\":\"/a\\\\xff\"}"), "{\"id\":\"/a\\\\xff\"}");
}

TEST(CutInTheMiddle, KeepsBothEndsWithAMark) {
  EXPECT_EQ(cut_in_the_middle("myproject-backend-api-1", 17), "myprojec..d-api-1");
  EXPECT_EQ(cut_in_the_middle("myproject-backend-api-2", 17), "myprojec..d-api-2");
  EXPECT_EQ(cut_in_the_middle("fits", 4), "fits");
  EXPECT_EQ(cut_in_the_middle("ääääää", 5), "ää..ä");
  EXPECT_EQ(cut_in_the_middle("abcdef", 2), "ab");
  EXPECT_EQ(cut_in_the_middle("abcdef", 0), "");
  for (std::size_t width = 0; width < 30; ++width) {
    EXPECT_LE(columns_of(cut_in_the_middle("世界 myproject 世界 backend", width)), width);
  }
}

TEST(Fitting, CutsAtTheTerminalsEdges) {
  const std::string lines = "title\nfirst\nsecond line\nthird\n";
  EXPECT_EQ(fitting(lines, {80, 0}), lines);
  EXPECT_EQ(fitting(lines, {80, 5}), lines);
  EXPECT_EQ(fitting(lines, {80, 4}), "title\nfirst\n(2 more)\n");
  EXPECT_EQ(fitting(lines, {6, 5}), "title\nfirst\nsecond\nthird\n");
  EXPECT_EQ(fitting(lines, {80, 1}), "(4 more)\n");
  EXPECT_EQ(fitting("", {80, 24}), "");
}

}  // namespace
}  // namespace tallyman
