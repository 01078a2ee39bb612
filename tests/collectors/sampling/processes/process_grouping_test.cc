#include "collectors/sampling/processes/process_grouping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tallyman {
namespace {

TEST(ProcessGrouping, IsByProgramWithoutRules) {
  const ProcessGrouping grouping = ProcessGrouping::make({}).value();
  EXPECT_EQ(grouping.group_of({"nginx", "", "", "/"}), "nginx");
  EXPECT_FALSE(grouping.needs_command());
  EXPECT_FALSE(grouping.needs_user());
}

TEST(ProcessGrouping, TakesTheFirstRuleOfWhichAllMatches) {
  const ProcessGrouping grouping =
      ProcessGrouping::make(
          {{"both", "^php", "artisan", "", ""}, {"users", "", "", "^www", ""}, {"mine", "", "", "", "^/user"}})
          .value();
  EXPECT_TRUE(grouping.needs_command());
  EXPECT_TRUE(grouping.needs_user());
  EXPECT_EQ(grouping.group_of({"php8.2", "php artisan", "www-data", "/"}), "both");
  EXPECT_EQ(grouping.group_of({"php8.2", "php -v", "www-data", "/"}), "users");
  EXPECT_EQ(grouping.group_of({"php8.2", "php -v", "root", "/user.slice"}), "mine");
  EXPECT_EQ(grouping.group_of({"php8.2", "php -v", "root", "/"}), "php8.2");
}

TEST(ProcessGrouping, SaysWhichRuleIsNoExpression) {
  const auto made = ProcessGrouping::make({{"web", "(", "", "", ""}});
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().where, testing::HasSubstr("web: missing )"));
}

}  // namespace
}  // namespace tallyman
