#include "collectors/kernel/filesystem/measured_trees.h"

#include "tests/support/host_builder.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace tallyman {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

const MeasuredTrees::Time kStart{1h};

std::shared_ptr<TreeWalk> a_walk() {
  return std::make_shared<TreeWalk>([]() -> Result<FileDescriptor> { return Error{}; });
}

std::size_t number_of(const MeasuredTrees& trees, TreeState state) {
  return trees.count()[static_cast<std::size_t>(state)];
}

TEST(MeasuredTrees, HasATreeOnceHoweverManyUseIt) {
  MeasuredTrees trees(10);
  MeasuredTrees::Tree* tree = trees.add("/v", 7, kStart);
  EXPECT_EQ(trees.add("/v", 3, kStart), tree);
  EXPECT_EQ(trees.add("/v", 5, kStart), tree);
  EXPECT_EQ(trees.add("/v", 5, kStart), tree);
  EXPECT_THAT(tree->users, ElementsAre(3U, 5U, 7U)) << "the first one reports it";
  trees.drop("/v", 3);
  EXPECT_THAT(trees.find("/v")->users, ElementsAre(5U, 7U));
  trees.drop("/v", 5);
  trees.drop("/v", 7);
  EXPECT_EQ(trees.find("/v"), nullptr);
  trees.drop("/v", 7);
}

TEST(MeasuredTrees, TakesNoMoreTreesThanItMay) {
  MeasuredTrees trees(2);
  EXPECT_NE(trees.add("/a", 1, kStart), nullptr);
  EXPECT_NE(trees.add("/b", 1, kStart), nullptr);
  EXPECT_EQ(trees.add("/c", 1, kStart), nullptr);
  EXPECT_NE(trees.add("/a", 2, kStart), nullptr);
  EXPECT_EQ(trees.refused(), 1U);
}

TEST(MeasuredTrees, GivesTurnsToThoseThatAreDueAndThoseUnderWay) {
  MeasuredTrees trees(10);
  trees.add("/big", 1, kStart)->walk = a_walk();
  trees.add("/later", 2, kStart + 1min);
  trees.add("/now", 3, kStart);
  EXPECT_EQ(trees.next_due(), MeasuredTrees::Time::min());
  std::multiset<std::string> turns;
  for (int i = 0; i < 4; ++i) {
    MeasuredTrees::Tree* tree = trees.next(kStart);
    turns.insert(tree == trees.find("/big") ? "/big" : tree == trees.find("/now") ? "/now" : "/later");
  }
  EXPECT_THAT(turns, UnorderedElementsAre("/big", "/big", "/now", "/now"));
}

TreeStats of_inodes(std::uint64_t inodes) {
  TreeStats stats;
  stats.inodes = inodes;
  return stats;
}

TEST(MeasuredTrees, KeepsRoomForSmallTreesBesideBigOnes) {
  MeasuredTrees trees(100);
  for (const char* big : {"/a1", "/a2", "/a3", "/a4"}) trees.add(big, 1, kStart)->stats = of_inodes(100'000);
  for (const char* small : {"/s1", "/s2", "/s3"}) trees.add(small, 1, kStart)->stats = of_inodes(300);
  trees.add("/new", 1, kStart);
  std::set<const MeasuredTrees::Tree*> small_begun;
  for (int i = 0; i < 200; ++i) {
    MeasuredTrees::Tree* tree = trees.next(kStart);
    ASSERT_NE(tree, nullptr);
    if (!tree->walk) {
      tree->walk = a_walk();  // a big one takes for ever
      if (!tree->big) small_begun.insert(tree);
    } else if (!tree->big) {
      tree->walk.reset();
      tree->due = kStart + 1h;
    }
  }
  EXPECT_EQ(small_begun.size(), 4U);
  std::size_t big_walks = 0;
  for (const char* big : {"/a1", "/a2", "/a3", "/a4"}) big_walks += trees.find(big)->walk ? 1U : 0U;
  EXPECT_EQ(big_walks, MeasuredTrees::kMaxBigWalks);
}

TEST(MeasuredTrees, ANewTreeThatTurnsOutToBeBigWaitsForItsTurn) {
  HostBuilder host;
  for (int i = 0; i < 10; ++i) host.file("top/" + std::to_string(i), "");
  MeasuredTrees trees(100, 5);
  for (const char* one : {"/1", "/2", "/3"}) {
    trees.add(one, 1, kStart)->walk = std::make_shared<TreeWalk>([&]() -> Result<FileDescriptor> {
      return FileDescriptor(open(host.path("top").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    });
  }
  for (int i = 0; i < 3; ++i) trees.next(kStart)->walk->advance(7, std::chrono::steady_clock::now() + 1h);
  trees.next(kStart);
  EXPECT_TRUE(trees.find("/1")->walk);
  EXPECT_TRUE(trees.find("/2")->walk);
  EXPECT_FALSE(trees.find("/3")->walk);
  EXPECT_TRUE(trees.find("/3")->big);
  EXPECT_EQ(trees.walks_aborted(), 1U);
}

TEST(MeasuredTrees, HasNobodysTurnUntilOneIsDue) {
  MeasuredTrees trees(10);
  EXPECT_EQ(trees.next_due(), std::nullopt);
  trees.add("/a", 1, kStart + 1min);
  EXPECT_EQ(trees.next(kStart), nullptr);
  EXPECT_EQ(trees.next_due(), kStart + 1min);
  EXPECT_EQ(trees.next(kStart + 1min), trees.find("/a"));
}

TEST(MeasuredTrees, BeginsNoMoreWalksThanMayRunAtOnce) {
  MeasuredTrees trees(10);
  for (std::size_t i = 0; i < MeasuredTrees::kMaxWalks; ++i) {
    trees.add("/" + std::to_string(i), i, kStart)->walk = a_walk();
  }
  trees.add("/more", 99, kStart);
  for (int i = 0; i < 10; ++i) {
    EXPECT_NE(trees.next(kStart), trees.find("/more"));
  }
}

TEST(MeasuredTrees, LeavesOutWhatHangsUntilItIsForgotten) {
  MeasuredTrees trees(10);
  trees.add("/a", 1, kStart)->state = TreeState::kHanging;
  EXPECT_EQ(trees.next(kStart), nullptr);
  EXPECT_EQ(trees.next_due(), std::nullopt);
  EXPECT_EQ(number_of(trees, TreeState::kHanging), 1U);
  trees.forget_hanging(kStart);
  EXPECT_EQ(trees.next(kStart), trees.find("/a"));
  EXPECT_EQ(number_of(trees, TreeState::kPending), 1U);
}

TEST(MeasuredTrees, CountsAWalkAbortedWithItsTree) {
  MeasuredTrees trees(10);
  trees.add("/a", 1, kStart)->walk = a_walk();
  trees.drop("/a", 1);
  EXPECT_EQ(trees.walks_aborted(), 1U);
}

TEST(MeasuredTrees, KnowsTheSameTreeByAnotherPath) {
  MeasuredTrees trees(10);
  MeasuredTrees::Tree* one = trees.add("/a", 1, kStart);
  MeasuredTrees::Tree* other = trees.add("/b", 2, kStart);
  one->identity = other->identity = {{8, 100}};
  EXPECT_TRUE(trees.is_known_elsewhere(*other));
  one->state = TreeState::kSameTree;
  EXPECT_FALSE(trees.is_known_elsewhere(*other)) << "one of the two stays";
}

}  // namespace
}  // namespace tallyman
