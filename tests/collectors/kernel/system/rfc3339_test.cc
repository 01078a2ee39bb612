#include "collectors/kernel/system/rfc3339.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

TEST(Rfc3339, IsReadWithNanosecondsAndOffsets) {
  EXPECT_EQ(parse_rfc3339_nsec("1970-01-01T00:00:00Z"), 0U);
  EXPECT_EQ(parse_rfc3339_nsec("1970-01-01T00:00:01.5Z"), 1'500'000'000U);
  EXPECT_EQ(parse_rfc3339_nsec("2024-02-29T12:00:00.000000001Z"), 1'709'208'000'000'000'001U);
  EXPECT_EQ(parse_rfc3339_nsec("2024-02-29T13:30:00+01:30"), 1'709'208'000'000'000'000U);
  EXPECT_EQ(parse_rfc3339_nsec("2024-02-29T07:00:00-05:00"), 1'709'208'000'000'000'000U);
  EXPECT_EQ(parse_rfc3339_nsec("2024-02-29T12:00:00.1234567891234Z"), 1'709'208'000'123'456'789U);
  for (const char* text :
       {"0001-01-01T00:00:00Z", "", "2024-02-30T00:00:00Z", "2024-13-01T00:00:00Z", "2024-02-29T24:00:00Z",
        "2024-02-29T12:00:00", "2024-02-29T12:00:00.Z", "2024-02-29T12:00:00Zx", "2024-02-29 12:00:00Z",
        "2024-02-29T12:00:00+0100", "20x4-02-29T12:00:00Z", "9999-12-31T23:59:59Z", "-024-02-29T12:00:00Z",
        "1970-01-01T00:00:00+01:00"}) {
    EXPECT_FALSE(parse_rfc3339_nsec(text)) << text;
  }
}

}  // namespace
}  // namespace tallyman
