#include "collectors/kernel/process/oom_log.h"

#include "tests/support/host_builder.h"

#include <gtest/gtest.h>

namespace tallyman {
namespace {

constexpr std::string_view kRecord =
    "6,1771,18263429289,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=f7f7,mems_allowed=0,"
    "oom_memcg=/docker/f7f7,task_memcg=/docker/f7f7,task=truth,pid=25939,uid=0\n";

TEST(OomRecord, NamesTheVictimAndItsCgroup) {
  const auto victim = parse_oom_victim(kRecord);
  ASSERT_TRUE(victim);
  EXPECT_EQ(victim->cgroup, "/docker/f7f7");
  EXPECT_EQ(victim->comm, "truth");
  EXPECT_EQ(victim->pid, 25939U);
}

TEST(OomRecord, IsCutAtItsLastKeysWhateverTheNamesHold) {
  const auto victim = parse_oom_victim(
      ";oom-kill:constraint=C,oom_memcg=/,task_memcg=/a,task=b,pid=1/c,task=x,pid=9,y,pid=42,uid=0\n DICT=1,pid=7\n");
  ASSERT_TRUE(victim);
  EXPECT_EQ(victim->cgroup, "/a,task=b,pid=1/c");
  EXPECT_EQ(victim->comm, "x,pid=9,y");
  EXPECT_EQ(victim->pid, 42U);
}

TEST(OomRecord, CutOffAnywhereIsNoneOrHasAShorterNumber) {
  for (std::size_t size = 0; size < kRecord.size(); ++size) {
    const auto victim = parse_oom_victim(kRecord.substr(0, size));
    EXPECT_TRUE(!victim || victim->comm == "truth") << size;
  }
  EXPECT_FALSE(parse_oom_victim("6,1,2,-;Memory cgroup out of memory: Killed process 638 (truth)\n"));
  EXPECT_FALSE(parse_oom_victim(";oom-kill:constraint=C,task_memcg=/a,task=x,pid=99999999999,uid=0"));
}

TEST(OomLog, IsNoneWhereThereIsNoKernelLog) {
  HostBuilder host;
  EXPECT_EQ(OomLog::open(host.root()), nullptr);
  host.file("dev/kmsg", std::string(kRecord));
  EXPECT_EQ(OomLog::open(host.root()), nullptr) << "a file is not the kernel's log";
}

}  // namespace
}  // namespace tallyman
