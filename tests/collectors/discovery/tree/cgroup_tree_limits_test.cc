// What the tree does at its own bounds and at those of the kernel.
#include "collectors/discovery/tree/cgroup_tree.h"
#include "tests/collectors/discovery/tree/cgroup_tree_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace tallyman {
namespace {

using namespace cgroup_tree_fixture;
using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;

// For tests of thousands of directories: in memory, where there is such a file system.
class InMemory {
 public:
  InMemory() {
    if (access("/dev/shm", W_OK) == 0) setenv("TMPDIR", "/dev/shm", 0);
  }
  ~InMemory() {
    if (given_.empty()) unsetenv("TMPDIR");
  }

 private:
  const std::string given_ = getenv("TMPDIR") != nullptr ? getenv("TMPDIR") : "";
};

TEST(CgroupTreeLimits, WalksWhenWatchesRunOutAndTriesAgain) {
  HostBuilder host;
  host.dir("a/1").dir("a/2").dir("a/3");
  auto options = options_for(host, {"a"});
  options.max_watches = 3;
  options.walk_interval = 300ms;
  options.unwatched_walk_interval = 20ms;
  CgroupTree tree(options);
  EXPECT_TRUE(tree.walk());
  EXPECT_THAT(paths(tree), ElementsAre("/", "/1", "/2", "/3"));
  EXPECT_FALSE(tree.status().watching);
  EXPECT_EQ(tree.status().watches, 0U);
  EXPECT_THAT(tree.status().watch_error, AllOf(HasSubstr("fs.inotify.max_user_watches"), HasSubstr("3 watches")));
  EXPECT_EQ(tree.status().watch_error_code, ENOSPC);

  host.dir("a/4").remove("a/1");
  EXPECT_TRUE(tree.wait(5s));
  EXPECT_THAT(paths(tree), ElementsAre("/", "/2", "/3", "/4"));
  EXPECT_FALSE(tree.status().watching);

  host.remove("a/2").remove("a/3");
  EXPECT_TRUE(wait_for(tree, [&] { return tree.status().watching; }));
  EXPECT_EQ(tree.status().watch_error, "");
  EXPECT_EQ(tree.status().watch_error_code, 0);
}

// The kernel's own limits, lowered in a user namespace, where they affect nobody else.
int with_kernel_limit(const char* file, const char* limit, const HostBuilder& host, const char* sysctl) {
  return in_child([&] {
    if (unshare(CLONE_NEWUSER) != 0) return 77;
    std::ofstream out(file);
    out << limit << std::flush;
    if (!out) return 77;
    auto options = options_for(host, {"a"});
    options.unwatched_walk_interval = 10ms;
    CgroupTree tree(options);
    tree.walk();
    if (tree.status().watching || tree.status().watch_error.find(sysctl) == std::string::npos) return 1;
    if (paths(tree).size() != 4) return 2;
    std::filesystem::create_directory(host.path(std::string("a/") + limit + "new"));
    return tree.wait(5s) && paths(tree).size() == 5 ? 0 : 3;
  });
}

TEST(CgroupTreeLimits, ContinuesAtTheKernelsLimitOfWatches) {
  HostBuilder host;
  host.dir("a/1").dir("a/2").dir("a/3");
  std::filesystem::permissions(host.path("a"), std::filesystem::perms(0777));
  const int result = with_kernel_limit("/proc/sys/user/max_inotify_watches", "2", host, "fs.inotify.max_user_watches");
  if (result == 77) GTEST_SKIP() << "no user namespace, or its limits cannot be set";
  EXPECT_EQ(result, 0);
}

TEST(CgroupTreeLimits, ContinuesAtTheKernelsLimitOfInstances) {
  HostBuilder host;
  host.dir("a/1").dir("a/2").dir("a/3");
  std::filesystem::permissions(host.path("a"), std::filesystem::perms(0777));
  const int result =
      with_kernel_limit("/proc/sys/user/max_inotify_instances", "0", host, "fs.inotify.max_user_instances");
  if (result == 77) GTEST_SKIP() << "no user namespace, or its limits cannot be set";
  EXPECT_EQ(result, 0);
}

TEST(CgroupTreeLimits, WalksWhenTheKernelDroppedEvents) {
  std::size_t queued = 0;
  std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> queued;
  if (queued == 0 || queued > 100'000) GTEST_SKIP() << "max_queued_events is " << queued;
  const InMemory in_memory;
  HostBuilder host;
  host.dir("a");
  CgroupTree tree(options_for(host, {"a"}));
  tree.walk();
  const std::string one = host.path("a/1"), two = host.path("a/2");
  for (std::size_t i = 0; i < queued / 4 + 10; ++i) {  // different ones: equal neighbours are merged
    ASSERT_EQ(mkdir(one.c_str(), 0755) + mkdir(two.c_str(), 0755) + rmdir(one.c_str()) + rmdir(two.c_str()), 0);
  }
  host.dir("a/last/inner");  // its event is one of the dropped ones
  EXPECT_TRUE(wait_for(tree, [&] { return tree.nodes().contains("/last/inner"); }));
  EXPECT_THAT(paths(tree), ElementsAre("/", "/last", "/last/inner"));
  EXPECT_EQ(tree.status().overflows, 1U);
  EXPECT_EQ(tree.status().walks, 2U);
  EXPECT_TRUE(tree.status().watching);
  host.dir("a/last/inner/most");
  EXPECT_TRUE(wait_for(tree, [&] { return tree.nodes().contains("/last/inner/most"); }));
}

TEST(CgroupTreeLimits, LeavesOutTheDeepestBeyondItsBounds) {
  HostBuilder host;
  host.dir("a/1/deep/deeper").dir("a/2/deep");
  auto options = options_for(host, {"a"});
  options.max_cgroups = 4;
  options.unwatched_walk_interval = 10ms;
  CgroupTree tree(options);
  tree.walk();
  EXPECT_EQ(tree.nodes().size(), 4U);
  EXPECT_THAT(paths(tree), IsSupersetOf({"/", "/1", "/2"}));
  EXPECT_GE(tree.status().left_out, 1U);
  host.dir("a/3");
  EXPECT_FALSE(tree.wait(50ms));
  EXPECT_THAT(paths(tree), Not(testing::Contains("/3")));
  host.remove("a/1");  // makes room, which the next walk uses
  EXPECT_TRUE(wait_for(tree, [&] { return tree.nodes().contains("/3") && tree.nodes().contains("/2/deep"); }));

  HostBuilder deep;
  deep.dir("a/1/2/3/4");
  auto shallow = options_for(deep, {"a"});
  shallow.max_depth = 2;
  CgroupTree bounded(shallow);
  bounded.walk();
  EXPECT_THAT(paths(bounded), ElementsAre("/", "/1", "/1/2"));
  EXPECT_EQ(bounded.status().left_out, 1U);
}

TEST(CgroupTreeLimits, HoldsTwoThousandDirectories) {
  const InMemory in_memory;
  HostBuilder host;
  for (int i = 0; i < 2'000; ++i) host.dir("a/docker/" + std::to_string(i)).dir("b/docker/" + std::to_string(i));
  CgroupTree tree(options_for(host, {"a", "b"}));
  auto start = Clock::now();
  tree.walk();
  const auto first = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  start = Clock::now();
  EXPECT_FALSE(tree.walk());
  const auto second = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  std::printf("first walk %.1f ms, next %.1f ms\n", first, second);
  EXPECT_EQ(tree.nodes().size(), 2'002U);
  EXPECT_EQ(tree.status().watches, 4'004U);
  for (int i = 0; i < 2'000; ++i) host.remove("a/docker/" + std::to_string(i)).remove("b/docker/" + std::to_string(i));
  EXPECT_TRUE(wait_for(tree, [&] { return tree.nodes().size() == 2; }));
  EXPECT_EQ(tree.status().watches, 4U);
}

TEST(CgroupTreeLimits, LeavesOutWhatIsMountedInside) {
  HostBuilder host;
  host.dir("a/1").dir("a/net_cls/vpn").dir("a/net_cls_2");
  CgroupTreeOptions options = options_for(host, {"a"});
  options.mounted_over = {host.path("a"), host.path("a/net_cls")};
  CgroupTree tree(options);
  tree.walk();
  EXPECT_THAT(paths(tree), ElementsAre("/", "/1", "/net_cls_2")) << "its own top is no other's";
  host.dir("a/net_cls/later");
  tree.walk();
  EXPECT_THAT(paths(tree), ElementsAre("/", "/1", "/net_cls_2"));
}

// Another device, whatever mountinfo says: a mount in a mount namespace of its own.
TEST(CgroupTreeLimits, LeavesOutWhatIsOnAnotherDevice) {
  struct stat top {
  }, below{};
  if (stat("/", &top) != 0 || stat("/proc", &below) != 0 || top.st_dev == below.st_dev) GTEST_SKIP() << "needs /proc";
  CgroupTreeOptions options;
  options.hierarchies = {"/"};
  options.max_depth = 1;
  options.use_inotify = false;
  CgroupTree tree(options);
  tree.walk();
  EXPECT_THAT(paths(tree), Not(testing::Contains("/proc")));
  EXPECT_THAT(paths(tree), testing::Contains("/"));
}

}  // namespace
}  // namespace tallyman
