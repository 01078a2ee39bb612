#include "collectors/kernel/cgroup/cgroup_mounts.h"

#include "tests/support/host_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>

namespace tallyman {
namespace {

using ::testing::ElementsAre;

std::string mount(std::string_view where, std::string_view type, std::string_view options,
                  std::string_view root = "/") {
  std::string row = "30 25 0:26 ";
  row.append(root).append(" ").append(where).append(" rw,nosuid,nodev,noexec,relatime shared:4 - ");
  return row.append(type).append(" ").append(type).append(" rw").append(options).append("\n");
}

const std::string kOthers =
    "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
    "25 1 254:0 / / rw,relatime - ext4 /dev/root rw,discard\n"
    "26 25 0:24 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n";

CgroupMounts detected(const HostBuilder& host) {
  auto found = CgroupMounts::detect(host.root());
  EXPECT_TRUE(found) << to_string(found.error());
  return std::move(found).value();
}

TEST(CgroupMounts, FindsV1WithCoMountedControllersAndNamedHierarchies) {
  HostBuilder host;
  host.dir("sys/fs/cgroup/cpu,cpuacct").dir("sys/fs/cgroup/memory").dir("sys/fs/cgroup/systemd");
  host.dir("sys/fs/cgroup/net_cls,net_prio");
  host.file("proc/1/mountinfo", kOthers + mount("/sys/fs/cgroup/cpu,cpuacct", "cgroup", ",cpu,cpuacct") +
                                    mount("/sys/fs/cgroup/memory", "cgroup", ",memory") +
                                    mount("/sys/fs/cgroup/net_cls,net_prio", "cgroup", ",net_cls,net_prio") +
                                    mount("/sys/fs/cgroup/systemd", "cgroup", ",xattr,name=systemd"));
  const CgroupMounts mounts = detected(host);
  EXPECT_EQ(mounts.mode(), CgroupMode::kV1);
  ASSERT_EQ(mounts.hierarchies().size(), 4U);
  EXPECT_EQ(mounts.v1_index(Controller::kCpu), 0);
  EXPECT_EQ(mounts.v1_index(Controller::kCpuacct), 0) << "one hierarchy has both";
  EXPECT_EQ(mounts.v1_index(Controller::kMemory), 1);
  EXPECT_EQ(mounts.hierarchies()[1].path, host.path("sys/fs/cgroup/memory"));
  EXPECT_THAT(mounts.hierarchies()[3].controllers, ElementsAre("name=systemd")) << "xattr is no controller";
  EXPECT_EQ(mounts.unified_index(), -1);
  for (const Controller missing : {Controller::kIo, Controller::kPids, Controller::kHugetlb, Controller::kCpuset}) {
    EXPECT_EQ(mounts.v1_index(missing), -1) << to_string(missing);
    EXPECT_FALSE(mounts.v2_has(missing)) << to_string(missing);
  }
  EXPECT_THAT(mounts.discovery_order(), ElementsAre(1, 0, 3)) << "memory first; net_cls holds no workloads";
  EXPECT_FALSE(mounts.confined_to_namespace());
}

TEST(CgroupMounts, FindsHybridWithAControllerInTheUnifiedTree) {
  HostBuilder host;
  for (const char* name : {"cpu", "cpuacct", "memory", "blkio", "pids", "cpuset"}) {
    host.dir(std::string("sys/fs/cgroup/") + name);
  }
  host.file("sys/fs/cgroup/unified/cgroup.controllers", "hugetlb\n");
  std::string table = kOthers + mount("/sys/fs/cgroup/unified", "cgroup2", ",nsdelegate");
  for (const char* name : {"cpu", "cpuacct", "memory", "blkio", "pids", "cpuset"}) {
    table += mount(std::string("/sys/fs/cgroup/") + name, "cgroup", std::string(",") + name);
  }
  host.file("proc/1/mountinfo", table);
  const CgroupMounts mounts = detected(host);
  EXPECT_EQ(mounts.mode(), CgroupMode::kHybrid);
  EXPECT_EQ(mounts.unified_index(), 0);
  EXPECT_TRUE(mounts.v2_has(Controller::kHugetlb));
  EXPECT_FALSE(mounts.v2_has(Controller::kMemory));
  EXPECT_NE(mounts.v1_index(Controller::kCpu), mounts.v1_index(Controller::kCpuacct)) << "mounted apart";
  EXPECT_EQ(mounts.v1_index(Controller::kHugetlb), -1);
  EXPECT_EQ(mounts.discovery_order()[0], mounts.v1_index(Controller::kMemory));
  EXPECT_EQ(mounts.discovery_order()[1], mounts.unified_index());
  EXPECT_THAT(mounts.describe(),
              ::testing::StartsWith("hybrid: v2 at " + host.path("sys/fs/cgroup/unified") + " (hugetlb); v1 at "));
}

TEST(CgroupMounts, FindsV2) {
  HostBuilder host;
  host.file("sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory hugetlb pids rdma misc\n");
  host.file("proc/1/mountinfo", "22 27 0:21 / /proc rw - proc proc rw\n" +
                                    mount("/sys/fs/cgroup", "cgroup2", ",nsdelegate,memory_recursiveprot"));
  const CgroupMounts mounts = detected(host);
  EXPECT_EQ(mounts.mode(), CgroupMode::kV2);
  for (int i = 0; i < kControllers; ++i) {
    const auto controller = static_cast<Controller>(i);
    // v2 freezes by cgroup.freeze, which is in every cgroup and no controller's.
    EXPECT_EQ(mounts.v2_has(controller), controller != Controller::kFreezer) << to_string(controller);
    EXPECT_EQ(mounts.v1_index(controller), -1) << to_string(controller);
  }
  EXPECT_THAT(mounts.discovery_order(), ElementsAre(0));
}

TEST(CgroupMounts, KnowsWhichControllersV2LacksOrMisses) {
  HostBuilder host;
  host.file("sys/fs/cgroup/cgroup.controllers", "cpu pids\n");  // cgroup_disable=memory
  host.file("proc/1/mountinfo", mount("/sys/fs/cgroup", "cgroup2", ""));
  const CgroupMounts mounts = detected(host);
  EXPECT_TRUE(mounts.v2_has(Controller::kCpu));
  EXPECT_TRUE(mounts.v2_has(Controller::kCpuacct)) << "part of cpu there";
  EXPECT_FALSE(mounts.v2_has(Controller::kMemory));
  EXPECT_FALSE(mounts.v2_has(Controller::kIo));
}

TEST(CgroupMounts, CountsAHierarchyThatIsMountedTwiceOnce) {
  HostBuilder host;
  host.dir("sys/fs/cgroup/memory").dir("var/lib/kubelet/memory").dir("sys/fs/cgroup/unified").dir("mnt/v2");
  host.file("proc/1/mountinfo", mount("/sys/fs/cgroup/memory", "cgroup", ",memory") +
                                    mount("/var/lib/kubelet/memory", "cgroup", ",memory") +
                                    mount("/sys/fs/cgroup/unified", "cgroup2", "") + mount("/mnt/v2", "cgroup2", ""));
  const CgroupMounts mounts = detected(host);
  ASSERT_EQ(mounts.hierarchies().size(), 2U);
  EXPECT_EQ(mounts.hierarchies()[0].path, host.path("sys/fs/cgroup/memory"));
  EXPECT_EQ(mounts.hierarchies()[1].path, host.path("sys/fs/cgroup/unified"));
}

TEST(CgroupMounts, LeavesOutAMountThatCannotBeSeenFromHere) {
  HostBuilder host;
  host.dir("sys/fs/cgroup/cpu");
  host.file("proc/1/mountinfo",
            mount("/sys/fs/cgroup/memory", "cgroup", ",memory") + mount("/sys/fs/cgroup/cpu", "cgroup", ",cpu"));
  const CgroupMounts mounts = detected(host);
  ASSERT_EQ(mounts.hierarchies().size(), 1U);
  EXPECT_EQ(mounts.v1_index(Controller::kMemory), -1);
}

TEST(CgroupMounts, TakesItsOwnMountsWhereInitsAreNotReadable) {
  HostBuilder host;
  host.file("sys/fs/cgroup/cgroup.controllers", "cpu\n");
  host.dir("proc/1");  // hidepid=2
  host.file("proc/self/mountinfo", mount("/sys/fs/cgroup", "cgroup2", ""));
  EXPECT_EQ(detected(host).mode(), CgroupMode::kV2);
}

TEST(CgroupMounts, UsesTheDirectoriesWhereNoMountinfoIsReadable) {
  HostBuilder host;
  for (const char* name : {"cpu,cpuacct", "memory", "systemd"}) {
    host.file(std::string("sys/fs/cgroup/") + name + "/cgroup.procs", "");
  }
  host.file("sys/fs/cgroup/unified/cgroup.controllers", "hugetlb\n").dir("sys/fs/cgroup/not-a-hierarchy");
  std::filesystem::create_directory_symlink("cpu,cpuacct", host.path("sys/fs/cgroup/cpu"));
  std::filesystem::create_directory_symlink("cpu,cpuacct", host.path("sys/fs/cgroup/cpuacct"));
  const CgroupMounts mounts = detected(host);
  EXPECT_EQ(mounts.mode(), CgroupMode::kHybrid);
  ASSERT_EQ(mounts.hierarchies().size(), 4U) << mounts.describe() << ": links are not hierarchies of their own";
  EXPECT_EQ(mounts.hierarchies()[0].path, host.path("sys/fs/cgroup/cpu,cpuacct"));
  EXPECT_EQ(mounts.v1_index(Controller::kCpu), 0);
  EXPECT_EQ(mounts.v1_index(Controller::kCpuacct), 0);
  EXPECT_EQ(mounts.v1_index(Controller::kMemory), 1);
  EXPECT_TRUE(mounts.v2_has(Controller::kHugetlb));
  EXPECT_THAT(mounts.hierarchies()[2].controllers, ElementsAre("name=systemd"));
}

TEST(CgroupMounts, UsesTheDirectoryOfV2WhereNoMountinfoIsReadable) {
  HostBuilder host;
  host.file("sys/fs/cgroup/cgroup.controllers", "memory\n").dir("sys/fs/cgroup/system.slice");
  const CgroupMounts mounts = detected(host);
  EXPECT_EQ(mounts.mode(), CgroupMode::kV2);
  ASSERT_EQ(mounts.hierarchies().size(), 1U);
}

TEST(CgroupMounts, FollowsTheFlagForCgroupfs) {
  HostBuilder host;
  host.file("host-cgroup/cgroup.controllers", "memory\n");
  host.file("proc/1/mountinfo", mount("/sys/fs/cgroup", "cgroup2", ""));
  HostRoot root = host.root();
  root.cgroupfs = host.path("host-cgroup");
  const auto found = CgroupMounts::detect(root);
  ASSERT_TRUE(found) << to_string(found.error());
  EXPECT_EQ(found->hierarchies()[0].path, host.path("host-cgroup"));
  EXPECT_TRUE(found->v2_has(Controller::kMemory));
}

TEST(CgroupMounts, IsAnErrorThatNamesThePathWhereThereIsNone) {
  HostBuilder host;
  host.file("proc/1/mountinfo", kOthers + "a torn row");
  const auto found = CgroupMounts::detect(host.root());
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, ErrorKind::kUnsupported);
  EXPECT_EQ(found.error().where, host.path("sys/fs/cgroup") + " (no cgroup hierarchy)");
}

TEST(CgroupMounts, ReadsThisMachine) {
  const auto found = CgroupMounts::detect(HostRoot{});
  if (!found) {
    GTEST_SKIP() << "no cgroup file system here: " << to_string(found.error());
  }
  EXPECT_NE(found->mode(), CgroupMode::kNone);
  EXPECT_FALSE(found->discovery_order().empty()) << found->describe();
}

// Namespaces are identified by the inode of ns/cgroup; a regular file has one too.
class CgroupNamespace : public ::testing::Test {
 protected:
  CgroupNamespace() {
    host_.file("sys/fs/cgroup/cgroup.controllers", "memory\n").file("proc/1/ns/cgroup", "").dir("proc/self/ns");
  }

  CgroupMounts with_own_mount(std::string_view root) {
    const std::string row = mount(host_.path("sys/fs/cgroup"), "cgroup2", "", root);
    host_.file("proc/self/mountinfo", row);
    host_.file("proc/1/mountinfo", mount("/sys/fs/cgroup", "cgroup2", ""));
    return detected(host_);
  }

  HostBuilder host_;
};

TEST_F(CgroupNamespace, IsNotConfiningWhenItIsInits) {
  std::filesystem::create_hard_link(host_.path("proc/1/ns/cgroup"), host_.path("proc/self/ns/cgroup"));
  EXPECT_FALSE(with_own_mount("/").confined_to_namespace());
}

TEST_F(CgroupNamespace, ConfinesWhenOnlyItsOwnTreeIsMounted) {
  host_.file("proc/self/ns/cgroup", "");
  EXPECT_TRUE(with_own_mount("/").confined_to_namespace());
}

TEST_F(CgroupNamespace, DoesNotConfineWhenTheHostsTreeIsMounted) {
  host_.file("proc/self/ns/cgroup", "");
  EXPECT_FALSE(with_own_mount("/../..").confined_to_namespace());
}

}  // namespace
}  // namespace tallyman
