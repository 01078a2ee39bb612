#include "collectors/discovery/tree/cgroup_tree.h"
#include "tests/collectors/discovery/tree/cgroup_tree_fixture.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <thread>

namespace tallyman {
namespace {

using namespace cgroup_tree_fixture;
using namespace std::chrono_literals;
using testing::ElementsAre;

TEST(CgroupTree, IsTheUnionOfAllHierarchies) {
  HostBuilder host;
  host.dir("a/docker/x").dir("b/docker/y").dir("c/system.slice/z.service").file("a/docker/memory.stat", "text");
  CgroupTree tree(options_for(host, {"a", "b", "c"}));
  EXPECT_TRUE(tree.nodes().empty());
  EXPECT_TRUE(tree.walk());
  EXPECT_THAT(paths(tree),
              ElementsAre("/", "/docker", "/docker/x", "/docker/y", "/system.slice", "/system.slice/z.service"));
  EXPECT_FALSE(tree.walk());
  EXPECT_EQ(tree.status().walks, 2U);
  EXPECT_TRUE(tree.status().watching);
  EXPECT_EQ(tree.status().watches, 3U + 3U);  // of the first two
  EXPECT_EQ(tree.nodes().at("/docker").hierarchy, 0);
  EXPECT_EQ(tree.nodes().at("/docker/y").hierarchy, 1);
  EXPECT_EQ(tree.nodes().at("/system.slice/z.service").hierarchy, 2);
}

TEST(CgroupTree, ContinuesWithoutAHierarchy) {
  HostBuilder host;
  host.dir("a/x");
  CgroupTree tree(options_for(host, {"missing", "a"}));
  EXPECT_TRUE(tree.walk());
  EXPECT_THAT(paths(tree), ElementsAre("/", "/x"));
  CgroupTree none((CgroupTreeOptions()));
  EXPECT_FALSE(none.wait(1ms));
  EXPECT_TRUE(none.nodes().empty());
}

TEST(CgroupTree, KnowsWhenADirectoryWasMade) {
  HostBuilder host;
  host.dir("a/x");
  struct statx facts {};
  ASSERT_EQ(statx(AT_FDCWD, host.path("a/x").c_str(), 0, STATX_BASIC_STATS | STATX_BTIME, &facts), 0);
  const auto& time = (facts.stx_mask & STATX_BTIME) != 0 ? facts.stx_btime : facts.stx_mtime;
  CgroupTree tree(options_for(host, {"a"}));
  tree.walk();
  EXPECT_EQ(tree.nodes().at("/x").created_nsec, static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec);
  EXPECT_EQ(tree.nodes().at("/x").inode, facts.stx_ino);
}

TEST(CgroupTree, SeesADirectoryWithinMillisecondsOfItsCreationAndRemoval) {
  HostBuilder host;
  host.dir("a/docker").dir("b/docker");
  CgroupTree tree(options_for(host, {"a", "b"}));
  tree.walk();
  std::vector<double> births, deaths;
  for (int i = 0; i < 200; ++i) {
    const std::string path = "a/docker/" + std::to_string(i);
    auto start = Clock::now();
    host.dir(path);
    ASSERT_TRUE(tree.wait(5s));
    births.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
    ASSERT_TRUE(tree.nodes().contains("/docker/" + std::to_string(i)));
    start = Clock::now();
    host.remove(path);
    ASSERT_TRUE(tree.wait(5s));
    deaths.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
    ASSERT_FALSE(tree.nodes().contains("/docker/" + std::to_string(i)));
  }
  for (auto* times : {&births, &deaths}) std::sort(times->begin(), times->end());
  std::printf("births: p50 %.3f ms, max %.3f ms; deaths: p50 %.3f ms, max %.3f ms\n", births[100], births.back(),
              deaths[100], deaths.back());
  EXPECT_LT(births[100], 50);
  EXPECT_LT(deaths[100], 50);
  EXPECT_EQ(tree.status().walks, 1U);
}

TEST(CgroupTree, MissesNothingThatIsMadeFasterThanItCanWatch) {
  HostBuilder host;
  host.dir("a").dir("b");
  CgroupTree tree(options_for(host, {"a", "b"}));
  tree.walk();
  std::thread maker([&host] {
    for (int i = 0; i < 100; ++i) {
      const std::string top = "a/pod" + std::to_string(i);
      host.dir(top + "/one/two/three").dir(top + "/four").remove(top + "/one/two");
    }
  });
  std::vector<std::string> expected{"/"};
  for (int i = 0; i < 100; ++i)
    for (const char* below : {"", "/four", "/one"}) expected.push_back("/pod" + std::to_string(i) + below);
  std::sort(expected.begin(), expected.end());
  EXPECT_TRUE(wait_for(tree, [&] { return paths(tree) == expected; }));
  maker.join();
  EXPECT_EQ(tree.status().walks, 1U);
  EXPECT_EQ(tree.status().watches, expected.size() + 1);
}

TEST(CgroupTree, CountsACgroupAsGoneWhenItIsGoneEverywhere) {
  HostBuilder host;
  host.dir("a/x/y").dir("b/x/y").dir("c/x/y");
  CgroupTree tree(options_for(host, {"a", "b", "c"}));
  tree.walk();
  const CgroupNode before = tree.nodes().at("/x/y");
  host.remove("a/x/y").remove("b/x/y");
  EXPECT_FALSE(tree.wait(60ms));
  ASSERT_TRUE(tree.nodes().contains("/x/y"));
  EXPECT_EQ(tree.nodes().at("/x/y").inode, before.inode);  // dying, and still the same
  host.remove("c/x/y");                                    // which is not watched
  const auto start = Clock::now();
  EXPECT_TRUE(tree.wait(5s));
  EXPECT_THAT(paths(tree), ElementsAre("/", "/x"));
  EXPECT_LT(Clock::now() - start, 2s);
  EXPECT_EQ(tree.status().walks, 1U);
}

TEST(CgroupTree, DistinguishesARecreatedDirectoryFromTheOldOne) {
  HostBuilder host;
  host.dir("a/x").dir("b/x");
  CgroupTree tree(options_for(host, {"a", "b"}));
  tree.walk();
  const CgroupNode before = tree.nodes().at("/x");
  host.dir("a/new").dir("b/new");  // so that the old inode numbers are not given again
  std::filesystem::rename(host.path("a/x"), host.path("old-a"));
  std::filesystem::rename(host.path("b/x"), host.path("old-b"));
  host.dir("a/x").dir("b/x");
  EXPECT_TRUE(wait_for(tree, [&] { return tree.nodes().at("/x").inode != before.inode; }));
  struct stat facts {};
  ASSERT_EQ(stat(host.path("a/x").c_str(), &facts), 0);
  EXPECT_TRUE(wait_for(tree, [&] { return tree.nodes().at("/x").inode == facts.st_ino; }));
}

TEST(CgroupTree, NoticesARecreatedDirectoryByAWalkToo) {
  HostBuilder host;
  host.dir("a/x").dir("b/x");
  auto options = options_for(host, {"a", "b"});
  options.use_inotify = false;
  CgroupTree tree(options);
  tree.walk();
  EXPECT_EQ(tree.nodes().at("/x").hierarchy, 0);
  std::filesystem::rename(host.path("a/x"), host.path("old"));
  EXPECT_TRUE(tree.walk());  // no longer in the first: the other one counts
  EXPECT_EQ(tree.nodes().at("/x").hierarchy, 1);
  host.dir("a/x");
  EXPECT_FALSE(tree.walk());
  EXPECT_EQ(tree.nodes().at("/x").hierarchy, 1);
  host.remove("b/x").remove("a/x");
  EXPECT_TRUE(tree.walk());
  EXPECT_THAT(paths(tree), ElementsAre("/"));
  EXPECT_FALSE(tree.status().watching);
  EXPECT_EQ(tree.status().watch_error, "");
}

TEST(CgroupTree, FollowsARenamedDirectory) {
  HostBuilder host;
  host.dir("a/old/inner");
  CgroupTree tree(options_for(host, {"a"}));
  tree.walk();
  std::filesystem::rename(host.path("a/old"), host.path("a/new"));
  EXPECT_TRUE(wait_for(tree, [&] { return tree.nodes().contains("/new/inner"); }));
  EXPECT_THAT(paths(tree), ElementsAre("/", "/new", "/new/inner"));
  host.dir("a/new/inner/deep");
  EXPECT_TRUE(wait_for(tree, [&] { return tree.nodes().contains("/new/inner/deep"); }));
  EXPECT_EQ(tree.status().watches, 4U);
}

TEST(CgroupTree, FollowsNoLinkButTheHierarchyItself) {
  HostBuilder host;
  host.dir("real/x").dir("elsewhere/secret");
  std::filesystem::create_directory_symlink("real", host.path("a"));
  std::filesystem::create_directory_symlink("..", host.path("real/x/loop"));
  std::filesystem::create_directory_symlink("loop", host.path("real/x/loop2"));
  std::filesystem::create_directory_symlink(host.path("elsewhere"), host.path("real/out"));
  CgroupTree tree(options_for(host, {"a"}));
  tree.walk();
  EXPECT_THAT(paths(tree), ElementsAre("/", "/x"));
  std::filesystem::create_directory_symlink(".", host.path("real/x/new"));
  host.dir("real/y");
  EXPECT_TRUE(tree.wait(5s));
  EXPECT_THAT(paths(tree), ElementsAre("/", "/x", "/y"));
}

TEST(CgroupTree, WithoutPermissionSeesTheRestAndForgetsNothing) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to become someone else";
  HostBuilder host;
  host.dir("a/open/x").dir("a/closed/y").dir("a/later/z");
  ASSERT_EQ(chmod(host.path("a/closed").c_str(), 0700), 0);
  ASSERT_EQ(chown(host.path("a/later").c_str(), 65534, 65534), 0);
  EXPECT_EQ(in_child([&host] {
              if (setgid(65534) != 0 || setuid(65534) != 0) return 99;
              CgroupTree tree(options_for(host, {"a"}));
              tree.walk();
              const std::vector<std::string> expected{"/", "/closed", "/later", "/later/z", "/open", "/open/x"};
              if (paths(tree) != expected) return 1;
              if (tree.status().denied != 1 || !tree.status().watching) return 2;
              chmod(host.path("a/later").c_str(), 0);
              tree.walk();
              return paths(tree) == expected && tree.status().denied == 2 ? 0 : 3;
            }),
            0);
}

TEST(CgroupTree, IsWokenByAnotherThread) {
  HostBuilder host;
  host.dir("a");
  CgroupTree tree(options_for(host, {"a"}));
  tree.walk();
  const auto start = Clock::now();
  std::thread waker([&tree] {
    std::this_thread::sleep_for(20ms);
    tree.wake();
  });
  EXPECT_FALSE(tree.wait(10s));
  waker.join();
  EXPECT_LT(Clock::now() - start, 5s);
  tree.wake();  // before it waits: not lost
  EXPECT_FALSE(tree.wait(10s));
  EXPECT_LT(Clock::now() - start, 5s);
  EXPECT_FALSE(tree.wait(1ms));
}

TEST(CgroupTree, WalksWhenAWalkIsDue) {
  HostBuilder host;
  host.dir("a").dir("b").dir("c");
  auto options = options_for(host, {"a", "b", "c"});
  options.walk_interval = 30ms;
  CgroupTree tree(options);
  EXPECT_TRUE(tree.wait(0ms));  // the first is due at once
  host.dir("c/only-in-the-third");
  EXPECT_TRUE(tree.wait(5s));
  EXPECT_TRUE(tree.nodes().contains("/only-in-the-third"));
}

TEST(CgroupTree, WithoutWatchesScansTheFirstTwoOftenAndTheOthersRarely) {
  HostBuilder host;
  host.dir("a/x").dir("b").dir("c/x").dir("c/third");
  auto options = options_for(host, {"a", "b", "c"});
  options.use_inotify = false;
  options.walk_interval = 400ms;
  options.unwatched_walk_interval = 10ms;
  CgroupTree tree(options);
  tree.walk();
  const auto start = Clock::now();
  host.dir("b/new").dir("c/late");
  EXPECT_TRUE(wait_for(tree, [&] { return tree.nodes().contains("/new"); }));
  EXPECT_TRUE(tree.nodes().contains("/third"));
  EXPECT_TRUE(wait_for(tree, [&] { return tree.nodes().contains("/late"); }));
  EXPECT_GE(Clock::now() - start, 300ms);
  host.remove("c/late").remove("a/x").remove("c/x");  // a removal is seen at once
  EXPECT_TRUE(wait_for(tree, [&] { return paths(tree) == std::vector<std::string>{"/", "/new", "/third"}; }));
}

// "+/a", "-/a"; "-/a!" if it was never read.
struct Changes {
  std::vector<std::string> seen;
  void listen(CgroupTreeOptions& options) {
    options.on_change = [this](const CgroupChange& change) {
      seen.push_back((change.created ? "+" : "-") + change.path + (change.node.inode == 0 ? "!" : ""));
    };
  }
};

TEST(CgroupTreeChanges, AreReportedAtOnceAlsoForShortLivedCgroups) {
  HostBuilder host;
  host.dir("one/a").dir("two/a");
  auto options = options_for(host, {"one", "two"});
  Changes changes;
  changes.listen(options);
  CgroupTree tree(options);
  tree.walk();
  EXPECT_THAT(changes.seen, ElementsAre("+/", "+/a"));
  changes.seen.clear();
  host.dir("one/short").dir("two/short").remove("one/short").remove("two/short");
  ASSERT_TRUE(wait_for(tree, [&] { return changes.seen.size() >= 2; }));
  tree.wait(50ms);
  EXPECT_THAT(changes.seen, ElementsAre("+/short!", "-/short!")) << "once, although two hierarchies reported it";
}

TEST(CgroupTreeChanges, OfARemovedTreeAreReportedChildrenFirst) {
  HostBuilder host;
  host.dir("one/a/b");
  auto options = options_for(host, {"one"});
  Changes changes;
  changes.listen(options);
  CgroupTree tree(options);
  tree.walk();
  changes.seen.clear();
  host.remove("one/a");
  ASSERT_TRUE(wait_for(tree, [&] { return changes.seen.size() >= 2; }));
  EXPECT_THAT(changes.seen, ElementsAre("-/a/b", "-/a"));
}

}  // namespace
}  // namespace tallyman
