#include "collectors/model/init_exits.h"

#include <gtest/gtest.h>

#include <sys/wait.h>

#include <csignal>

namespace tallyman {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint32_t exited(std::uint32_t code) { return code << 8U; }

Workload container(std::optional<std::uint32_t> init_pid, std::uint64_t inode = 1) {
  Workload made;
  made.kind = WorkloadKind::kContainer;
  made.id = "/docker/web";
  made.inode = inode;
  made.seen_nsec = 100 * kSecond;
  made.container.init_pid = init_pid;
  return made;
}

TEST(WaitStatus, HasACodeOrASignal) {
  EXPECT_EQ(exit_code_of(exited(0)), 0);
  EXPECT_EQ(exit_code_of(exited(3)), 3);
  EXPECT_EQ(exit_code_of(exited(255)), 255);
  EXPECT_EQ(signal_of(exited(3)), std::nullopt);
  EXPECT_EQ(exit_code_of(SIGKILL), 137);
  EXPECT_EQ(signal_of(SIGKILL), SIGKILL);
  EXPECT_EQ(exit_code_of(SIGSEGV | 0x80U), 139) << "with a core dump";
  EXPECT_EQ(signal_of(SIGSEGV | 0x80U), SIGSEGV);
  EXPECT_EQ(signal_name(SIGTERM), "SIGTERM");
  EXPECT_EQ(signal_name(40), "signal 40");
}

TEST(InitExits, FindsTheProcessThatTheRuntimeNames) {
  InitExits exits;
  exits.add(10, exited(3), 105 * kSecond);
  exits.add(11, exited(0), 105 * kSecond);
  EXPECT_EQ(exits.status_of(container(10)), exited(3));
  EXPECT_EQ(exits.status_of(container(12)), std::nullopt);
  EXPECT_EQ(exits.status_of(container({})), std::nullopt) << "any other process says nothing";
}

TEST(InitExits, AnEarlierOwnerOfThePidIsAnotherProcess) {
  InitExits exits;
  exits.add(10, exited(9), 90 * kSecond);
  EXPECT_EQ(exits.status_of(container(10)), std::nullopt);
  exits.add(10, exited(3), 105 * kSecond);
  EXPECT_EQ(exits.status_of(container(10)), exited(3));
}

TEST(InitExits, FindsTheFirstProcessThatWasSeenInTheSameRun) {
  InitExits exits;
  exits.add_init(container({}, 1), exited(4), 105 * kSecond);
  EXPECT_EQ(exits.status_of(container({}, 1)), exited(4));
  EXPECT_EQ(exits.status_of(container({}, 2)), std::nullopt) << "the same path, another run";
}

TEST(InitExits, SaysWhetherMoreMayFollow) {
  InitExits exits;
  EXPECT_TRUE(exits.may_follow(1));
  exits.complete_until(105 * kSecond);
  EXPECT_FALSE(exits.may_follow(104 * kSecond));
  EXPECT_TRUE(exits.may_follow(105 * kSecond));
}

TEST(InitExits, AreKeptForAMinuteAndAreBounded) {
  InitExits exits;
  exits.add(10, exited(3), 105 * kSecond);
  exits.add(11, exited(0), 170 * kSecond);
  EXPECT_EQ(exits.status_of(container(10)), std::nullopt);
  for (std::uint32_t pid = 100; pid < 100 + InitExits::kMaxKept; ++pid) exits.add(pid, exited(0), 171 * kSecond);
  EXPECT_EQ(exits.status_of(container(11)), std::nullopt);
  EXPECT_EQ(exits.status_of(container(100)), exited(0));
}

}  // namespace
}  // namespace tallyman
