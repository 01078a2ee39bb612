// What one container may take of the room and the time of all.
#include "collectors/discovery/tree/container_bounds.h"

#include "collectors/discovery/tree/cgroup_tree.h"
#include "tests/collectors/discovery/tree/cgroup_tree_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace tallyman {
namespace {

using namespace cgroup_tree_fixture;
using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

WorkloadKind kind_of(const std::string& path) {
  const auto name = path.substr(path.rfind('/') + 1);
  return name.starts_with("c-") ? WorkloadKind::kContainer : WorkloadKind::kCgroup;
}

TEST(ContainerBounds, KnowsTheOutermostContainer) {
  ContainerBounds bounds(2);
  bounds.add("/docker", false);
  bounds.add("/docker/c-1", true);
  bounds.add("/docker/c-1/c-2", true);
  EXPECT_EQ(bounds.around("/docker/c-1"), nullptr);
  EXPECT_EQ(bounds.around("/docker/c-10/x"), nullptr);
  ASSERT_NE(bounds.around("/docker/c-1/c-2/x"), nullptr);
  EXPECT_EQ(bounds.around("/docker/c-1/c-2/x")->first, "/docker/c-1");
  EXPECT_EQ(bounds.at_or_around("/docker/c-1")->second.cgroups, 1U);
  bounds.remove("/docker/c-1/c-2");
  EXPECT_EQ(bounds.fullest(), nullptr);
  bounds.remove("/docker/c-1");
  EXPECT_EQ(bounds.around("/docker/c-1/x"), nullptr);
}

TEST(ContainerBounds, CountLongPathsAsMore) {
  ContainerBounds bounds(4);
  bounds.add("/c-1", true);
  const std::string path = "/c-1/" + std::string(240, 'n');
  EXPECT_TRUE(bounds.has_room(bounds.around(path)->second, path));
  bounds.add(path, false);
  bounds.add(path + "1", false);
  EXPECT_FALSE(bounds.has_room(bounds.around(path)->second, path));
  EXPECT_TRUE(bounds.has_room(bounds.around(path)->second, "/c-1/a"));
}

TEST(ContainerBounds, AllowABurstAndThenARate) {
  ContainerBounds bounds(4);
  bounds.add("/c-1", true);
  auto& container = bounds.at_or_around("/c-1")->second;
  auto now = ContainerBounds::Clock::now();
  int made = 0;
  while (bounds.may_make(container, now)) ++made;
  EXPECT_EQ(made, static_cast<int>(ContainerBounds::kBurst));
  now += 1s;
  for (made = 0; bounds.may_make(container, now); ++made) {
  }
  EXPECT_EQ(made, static_cast<int>(ContainerBounds::kPerSecond));
  now += 1h;
  for (made = 0; bounds.may_make(container, now); ++made) {
  }
  EXPECT_EQ(made, static_cast<int>(ContainerBounds::kBurst));
}

class CrowdedTree : public ::testing::Test {
 protected:
  CgroupTreeOptions options() {
    auto options = options_for(host_, {"a"});
    options.choice.kind_of = kind_of;
    options.max_inside_container = 3;
    options.on_warning = [this](const std::string& text) { warnings_.push_back(text); };
    options.on_quiet = [this](const std::string& path, bool quiet) { quiet_.emplace_back(path, quiet); };
    options.on_change = [this](const CgroupChange& change) { changes_ += change.created ? 1 : 0; };
    return options;
  }
  HostBuilder host_;
  std::vector<std::string> warnings_;
  std::vector<std::pair<std::string, bool>> quiet_;
  int changes_ = 0;
};

TEST_F(CrowdedTree, LeavesOutTheRestOfOneContainerAndNamesItOnce) {
  for (int i = 0; i < 9; ++i) host_.dir("a/c-1/" + std::to_string(i)).dir("a/c-2");
  CgroupTree tree(options());
  tree.walk();
  EXPECT_EQ(tree.nodes().size(), 1U + 2U + 3U);
  EXPECT_EQ(tree.status().left_out_inside, 6U);
  EXPECT_EQ(tree.status().left_out, 0U);
  tree.walk();
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("/c-1")));
  EXPECT_EQ(tree.status().left_out_inside, 6U) << "since the last walk";
  for (int i = 0; i < 9; ++i) std::filesystem::remove(host_.path("a/c-1/" + std::to_string(i)));
  host_.dir("a/c-1/later");
  tree.walk();  // finds that the others are gone
  tree.walk();
  EXPECT_TRUE(tree.nodes().contains("/c-1/later"));
}

TEST_F(CrowdedTree, WhatIsInsideOfContainersMakesRoomForOthers) {
  host_.dir("a/c-1/1/2").dir("a/c-2/1");
  auto bounded = options();
  bounded.max_cgroups = 6;
  CgroupTree tree(bounded);
  tree.walk();
  ASSERT_EQ(tree.nodes().size(), 6U);
  host_.dir("a/honest").dir("a/c-3");
  EXPECT_TRUE(wait_for(tree, [&] { return tree.nodes().contains("/honest") && tree.nodes().contains("/c-3"); }));
  EXPECT_EQ(tree.nodes().size(), 6U);
  EXPECT_TRUE(tree.nodes().contains("/c-1"));
  EXPECT_TRUE(tree.nodes().contains("/c-2"));
  EXPECT_FALSE(tree.nodes().contains("/c-1/1/2"));
  host_.dir("a/c-4").dir("a/c-5");
  EXPECT_TRUE(wait_for(tree, [&] { return tree.nodes().contains("/c-4"); }));
  tree.walk();
  EXPECT_EQ(tree.nodes().size(), 6U);
  EXPECT_GT(tree.status().left_out, 0U);
}

TEST_F(CrowdedTree, AContainerThatMakesThemTooFastIsNotListenedTo) {
  host_.dir("a/c-1/before").dir("a/c-2");
  CgroupTree tree(options());
  tree.walk();
  for (int i = 0; i < 2 * static_cast<int>(ContainerBounds::kBurst); ++i) {
    const std::string path = host_.path("a/c-1/" + std::to_string(i));
    std::filesystem::create_directory(path);
    std::filesystem::remove(path);
    if (i % 50 == 0) tree.wait(0ms);
  }
  EXPECT_TRUE(wait_for(tree, [&] { return tree.status().quieted == 1; }));
  EXPECT_THAT(quiet_, ElementsAre(std::pair<std::string, bool>("/c-1", true)));
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("too fast")));
  const int before = changes_;
  for (int i = 0; i < 300; ++i) {
    const std::string path = host_.path("a/c-1/" + std::to_string(i));
    std::filesystem::create_directory(path);
    std::filesystem::remove(path);
  }
  host_.dir("a/c-2/honest");
  EXPECT_TRUE(wait_for(tree, [&] { return tree.nodes().contains("/c-2/honest"); }));
  EXPECT_EQ(changes_, before + 1);
  host_.dir("a/c-1/stays");
  tree.walk();
  EXPECT_THAT(paths(tree), Contains("/c-1/stays")) << "walks see what stays";
  std::filesystem::remove_all(host_.path("a/c-1"));
  EXPECT_TRUE(wait_for(tree, [&] { return !tree.nodes().contains("/c-1"); }));
  EXPECT_FALSE(tree.nodes().contains("/c-1/stays"));
  EXPECT_EQ(quiet_.back(), std::pair(std::string("/c-1"), false)) << "another may get its name";
}

}  // namespace
}  // namespace tallyman
