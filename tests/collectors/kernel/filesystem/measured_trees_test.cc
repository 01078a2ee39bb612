#include "collectors/kernel/filesystem/measured_trees.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace tallyman {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

const TreeForest::Time kStart{1h};

std::shared_ptr<TreeWalk> a_walk() {
  return std::make_shared<TreeWalk>([]() -> Result<FileDescriptor> { return Error{}; });
}

std::size_t number_of(const TreeForest& forest, TreeState state) {
  return forest.count()[static_cast<std::size_t>(state)];
}

TEST(TreeForest, HasATreeOnceHoweverManyUseIt) {
  TreeForest forest(10);
  TreeForest::Tree* tree = forest.add("/v", 7, kStart);
  EXPECT_EQ(forest.add("/v", 3, kStart), tree);
  EXPECT_EQ(forest.add("/v", 5, kStart), tree);
  EXPECT_EQ(forest.add("/v", 5, kStart), tree);
  EXPECT_THAT(tree->users, ElementsAre(3U, 5U, 7U)) << "who was first tells it";
  forest.drop("/v", 3);
  EXPECT_THAT(forest.find("/v")->users, ElementsAre(5U, 7U));
  forest.drop("/v", 5);
  forest.drop("/v", 7);
  EXPECT_EQ(forest.find("/v"), nullptr);
  forest.drop("/v", 7);
}

TEST(TreeForest, TakesNoMoreTreesThanItMay) {
  TreeForest forest(2);
  EXPECT_NE(forest.add("/a", 1, kStart), nullptr);
  EXPECT_NE(forest.add("/b", 1, kStart), nullptr);
  EXPECT_EQ(forest.add("/c", 1, kStart), nullptr);
  EXPECT_NE(forest.add("/a", 2, kStart), nullptr);
  EXPECT_EQ(forest.refused(), 1U);
}

TEST(TreeForest, GivesTurnsToThoseThatAreDueAndThoseUnderWay) {
  TreeForest forest(10);
  forest.add("/big", 1, kStart)->walk = a_walk();
  forest.add("/later", 2, kStart + 1min);
  forest.add("/now", 3, kStart);
  EXPECT_EQ(forest.next_due(), TreeForest::Time::min());
  std::multiset<std::string> turns;
  for (int i = 0; i < 4; ++i) {
    TreeForest::Tree* tree = forest.next(kStart);
    turns.insert(tree == forest.find("/big") ? "/big" : tree == forest.find("/now") ? "/now" : "/later");
  }
  EXPECT_THAT(turns, UnorderedElementsAre("/big", "/big", "/now", "/now"));
}

TEST(TreeForest, HasNobodysTurnUntilOneIsDue) {
  TreeForest forest(10);
  EXPECT_EQ(forest.next_due(), std::nullopt);
  forest.add("/a", 1, kStart + 1min);
  EXPECT_EQ(forest.next(kStart), nullptr);
  EXPECT_EQ(forest.next_due(), kStart + 1min);
  EXPECT_EQ(forest.next(kStart + 1min), forest.find("/a"));
}

TEST(TreeForest, BeginsNoMoreWalksThanMayGoOnAtOnce) {
  TreeForest forest(10);
  for (std::size_t i = 0; i < TreeForest::kMostWalks; ++i) {
    forest.add("/" + std::to_string(i), i, kStart)->walk = a_walk();
  }
  forest.add("/more", 99, kStart);
  for (int i = 0; i < 10; ++i) {
    EXPECT_NE(forest.next(kStart), forest.find("/more"));
  }
}

TEST(TreeForest, LeavesOutWhatHangsUntilItIsForgotten) {
  TreeForest forest(10);
  forest.add("/a", 1, kStart)->state = TreeState::kHanging;
  EXPECT_EQ(forest.next(kStart), nullptr);
  EXPECT_EQ(forest.next_due(), std::nullopt);
  EXPECT_EQ(number_of(forest, TreeState::kHanging), 1U);
  forest.forget_hanging(kStart);
  EXPECT_EQ(forest.next(kStart), forest.find("/a"));
  EXPECT_EQ(number_of(forest, TreeState::kPending), 1U);
}

TEST(TreeForest, CountsAWalkThatGoesWithItsTree) {
  TreeForest forest(10);
  forest.add("/a", 1, kStart)->walk = a_walk();
  forest.drop("/a", 1);
  EXPECT_EQ(forest.aborted_walks(), 1U);
}

TEST(TreeForest, KnowsTheSameTreeByAnotherPath) {
  TreeForest forest(10);
  TreeForest::Tree* one = forest.add("/a", 1, kStart);
  TreeForest::Tree* other = forest.add("/b", 2, kStart);
  one->identity = other->identity = {{8, 100}};
  EXPECT_TRUE(forest.is_known_elsewhere(*other));
  one->state = TreeState::kSameTree;
  EXPECT_FALSE(forest.is_known_elsewhere(*other)) << "one of the two stays";
}

}  // namespace
}  // namespace tallyman
