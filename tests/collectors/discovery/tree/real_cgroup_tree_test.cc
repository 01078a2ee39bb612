// CgroupTree on the kernel's own file systems, with link counts and inodes that no other has.
#include "collectors/discovery/tree/cgroup_tree.h"
#include "collectors/kernel/cgroup/cgroup_mounts.h"
#include "tests/support/eventually.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

namespace tallyman {
namespace {

constexpr std::chrono::milliseconds kTurn{50};

// Directories in the kernel's own hierarchies, removed at the end.
class RealCgroups : public testing::Test {
 protected:
  void SetUp() override {
    const auto mounts = CgroupMounts::detect(HostRoot());
    if (!mounts) GTEST_SKIP() << "no cgroup hierarchy: " << to_string(mounts.error());
    for (const int index : mounts->discovery_order())
      options_.hierarchies.push_back(mounts->hierarchies()[static_cast<std::size_t>(index)].path);
    for (const auto& path : options_.hierarchies)
      if (mkdir((path + top_).c_str(), 0755) != 0) GTEST_SKIP() << path << ": " << std::strerror(errno);
  }
  void TearDown() override {
    for (const auto& path : options_.hierarchies)
      for (const char* below : {"/one/two/three", "/one/two", "/one", ""}) rmdir((path + top_ + below).c_str());
  }
  void make(std::size_t hierarchy, const std::string& below) const {
    ASSERT_EQ(mkdir((options_.hierarchies[hierarchy] + top_ + below).c_str(), 0755), 0) << std::strerror(errno);
  }
  void remove(std::size_t hierarchy, const std::string& below) const {
    ASSERT_EQ(rmdir((options_.hierarchies[hierarchy] + top_ + below).c_str()), 0) << std::strerror(errno);
  }

  CgroupTreeOptions options_;
  std::string top_ = "/tallyman-test-" + std::to_string(getpid());
};

TEST_F(RealCgroups, AreSeenAndForgotten) {
  CgroupTree tree(options_);
  tree.walk();
  ASSERT_TRUE(tree.nodes().contains(top_));
  ASSERT_TRUE(tree.status().watching) << tree.status().watch_error;
  for (std::size_t h = 0; h < options_.hierarchies.size(); ++h) {
    make(h, "/one");
    make(h, "/one/two");
    make(h, "/one/two/three");
  }
  EXPECT_TRUE(eventually([&] {
    tree.wait(kTurn);
    return tree.nodes().contains(top_ + "/one/two/three");
  }));
  EXPECT_TRUE(tree.nodes().at(top_ + "/one").created_nsec);
  struct stat facts {};
  const CgroupNode one = tree.nodes().at(top_ + "/one");
  ASSERT_EQ(stat((options_.hierarchies[one.hierarchy] + top_ + "/one").c_str(), &facts), 0);
  EXPECT_EQ(one.inode, facts.st_ino);
  for (std::size_t h = 0; h < options_.hierarchies.size(); ++h)
    for (const char* below : {"/one/two/three", "/one/two", "/one"}) remove(h, below);
  EXPECT_TRUE(eventually([&] {
    tree.wait(kTurn);
    return !tree.nodes().contains(top_ + "/one");
  }));
  EXPECT_EQ(tree.nodes().count(top_ + "/one/two/three"), 0U);
}

TEST_F(RealCgroups, AreFoundByLinkCountsAlone) {
  options_.use_inotify = false;
  make(0, "/one");
  make(0, "/one/two");
  make(0, "/one/two/three");
  CgroupTree tree(options_);
  tree.walk();
  EXPECT_TRUE(tree.nodes().contains(top_ + "/one/two/three"));
  remove(0, "/one/two/three");
  EXPECT_TRUE(tree.walk());
  EXPECT_FALSE(tree.nodes().contains(top_ + "/one/two/three"));
}

TEST_F(RealCgroups, AreOthersWhenRecreated) {
  CgroupTree tree(options_);
  for (std::size_t h = 0; h < options_.hierarchies.size(); ++h) make(h, "/one");
  tree.walk();
  const CgroupNode before = tree.nodes().at(top_ + "/one");
  const std::size_t watches = tree.status().watches;
  for (std::size_t h = 0; h < options_.hierarchies.size(); ++h) remove(h, "/one");
  for (std::size_t h = 0; h < options_.hierarchies.size(); ++h) make(h, "/one");
  EXPECT_TRUE(eventually([&] {
    tree.wait(kTurn);
    return tree.nodes().at(top_ + "/one").inode != before.inode;
  }));
  // The kernel keeps the old ones for as long as they are watched.
  EXPECT_TRUE(eventually([&] {
    tree.wait(kTurn);
    return tree.status().watches == watches;
  })) << tree.status().watches
      << " now, " << watches << " before";
}

}  // namespace
}  // namespace tallyman
