// Which cgroups are left out: by themselves, and by the user's word.
#include "collectors/discovery/tree/cgroup_tree.h"
#include "tests/collectors/discovery/tree/cgroup_tree_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace tallyman {
namespace {

using namespace cgroup_tree_fixture;
using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::Not;

CgroupChoice::Matches below(std::string wanted) {
  return [wanted](std::string_view path, WorkloadKind) { return path.find(wanted) != std::string_view::npos; };
}

TEST(CgroupChoice, LeavesOutUnitsThatHoldNoProcess) {
  const CgroupChoice choice;
  for (const char* path :
       {"/system.slice/var-lib-docker-overlay2-1-merged.mount", "/dev-sda2.swap", "/user.slice/home.automount"}) {
    EXPECT_EQ(is_shown(choice, path), Shown::kNo) << path;
  }
  for (const char* path : {"/system.slice/run-r1f.scope", "/run-u7.scope"}) {
    EXPECT_EQ(is_shown(choice, path), Shown::kWithProcesses) << path;
  }
  for (const char* path : {"/", "/mount", "/system.slice/x.mount/below", "/run-docker.slice", "/init.scope",
                           "/system.slice/run-me.service"}) {
    EXPECT_EQ(is_shown(choice, path), Shown::kYes) << path;
  }
}

TEST(CgroupChoice, TheUsersWordGoesFirst) {
  CgroupChoice choice;
  choice.included = below("precious");
  choice.excluded = [](std::string_view, WorkloadKind kind) { return kind == WorkloadKind::kSlice; };
  choice.kind_of = [](const std::string& path) {
    return path.ends_with(".slice") ? WorkloadKind::kSlice : WorkloadKind::kCgroup;
  };
  EXPECT_EQ(is_shown(choice, "/a.slice"), Shown::kNo);
  EXPECT_EQ(is_shown(choice, "/precious.slice"), Shown::kYes);
  EXPECT_EQ(is_shown(choice, "/precious.mount"), Shown::kYes);
  EXPECT_EQ(is_shown(choice, "/a.slice/b"), Shown::kYes);
  EXPECT_EQ(is_shown(choice, "/"), Shown::kYes);
  choice.excluded = below("");
  EXPECT_EQ(is_shown(choice, "/"), Shown::kYes) << "the host itself";
}

TEST(CgroupTreeChoice, WhatIsBelowOneThatIsLeftOutStays) {
  HostBuilder host;
  host.dir("a/frame/kept/below").dir("a/x.mount").dir("b/x.mount");
  auto options = options_for(host, {"a", "b"});
  options.choice.excluded = [](std::string_view path, WorkloadKind) { return path.ends_with("/frame"); };
  CgroupTree tree(options);
  EXPECT_TRUE(tree.walk());
  EXPECT_THAT(paths(tree), ElementsAre("/", "/frame/kept", "/frame/kept/below"));
  host.dir("a/frame/new");
  EXPECT_TRUE(wait_for(tree, [&] { return tree.nodes().contains("/frame/new"); }));
  host.dir("a/y.mount").dir("a/last");
  EXPECT_TRUE(wait_for(tree, [&] { return tree.nodes().contains("/last"); }));
  EXPECT_THAT(paths(tree), Not(Contains("/y.mount")));
}

TEST(CgroupTreeChoice, AScopeIsShownOnceAProcessIsInIt) {
  HostBuilder host;
  host.file("a/run-r1.scope/cgroup.procs", "").file("a/run-r2.scope/cgroup.procs", "17\n");
  host.file("a/run-r3.scope/cgroup.procs", "").file("a/run-r3.scope/below/cgroup.procs", "18\n");
  CgroupTree tree(options_for(host, {"a"}));
  EXPECT_TRUE(tree.walk());
  EXPECT_THAT(paths(tree), ElementsAre("/", "/run-r2.scope", "/run-r3.scope", "/run-r3.scope/below"));
  std::ofstream(host.path("a/run-r1.scope/cgroup.procs")) << "19\n";
  EXPECT_TRUE(wait_for(tree, [&] { return tree.nodes().contains("/run-r1.scope"); }));
  std::filesystem::remove_all(host.path("a/run-r1.scope"));
  EXPECT_TRUE(wait_for(tree, [&] { return !tree.nodes().contains("/run-r1.scope"); }));
}

}  // namespace
}  // namespace tallyman
