// Who has ended between two scans: with the kernel's records, and without.
#include "collectors/model/process_facts.h"
#include "tests/collectors/sampling/processes/process_scan_fixture.h"

#include <gmock/gmock.h>

namespace tallyman {
namespace {

using testing::Contains;
using testing::Not;

class ExitRecords : public ProcessScanTest {
 protected:
  ExitRecords() {
    make({}, {}, true);
    processes_.set({.pid = 10, .comm = "bash", .executable = "/bin/bash"});
    kernel_->by_pid[10] = ran(1'000);
  }
  Count cpu_nsec(const std::string& name) const { return group(name).cpu.usage_nsec; }
};

TEST_F(ExitRecords, ReportWhatAKnownProcessUsedInTheEnd) {
  scan();
  EXPECT_EQ(cpu_nsec("bash"), 1'000U);
  processes_.end(10);
  processes_.set({.pid = 11, .comm = "sh", .executable = "/bin/sh"});
  kernel_->exits = {exit_of(10, 1, "bash", 1'700)};
  scan();
  EXPECT_EQ(cpu_nsec("bash"), 1'700U);
  scan();
  EXPECT_EQ(cpu_nsec("bash"), 1'700U);
}

// A script has a name of its own; the file that it runs is the shell's.
TEST_F(ExitRecords, OfProcessesThatNoScanSawHaveTheNameOfTheirFile) {
  kernel_->executable_of[10] = {8, 4711};
  scan();
  kernel_->exits = {exit_of(11, 10, "nightly.sh", 300)};
  kernel_->exits[0].executable = {8, 4711};
  scan();
  EXPECT_EQ(cpu_nsec("bash"), 1'300U);
  EXPECT_THAT(groups(), Not(Contains("nightly.sh")));
}

TEST_F(ExitRecords, OfAZombieAreBookedOnce) {
  scan();
  processes_.set({.pid = 10, .comm = "bash", .executable = "/bin/bash", .state = 'Z'});
  kernel_->by_pid.clear();
  kernel_->exits = {exit_of(10, 1, "bash", 1'700)};
  scan();
  scan();
  EXPECT_EQ(cpu_nsec("bash"), 1'700U);
}

TEST_F(ExitRecords, ReportProcessesThatWereNeverSeen) {
  scan();
  for (std::uint32_t pid = 100; pid < 300; ++pid) {
    kernel_->exits.push_back(exit_of(pid, 10, "truth", 10));
  }
  scan();
  EXPECT_EQ(cpu_nsec("truth"), 2'000U);
  EXPECT_EQ(cpu_nsec("bash"), 1'000U);
  EXPECT_EQ(report_->statistics.exits, 200U);
}

TEST_F(ExitRecords, BookTheUnseenWhereTheirNearestKnownAncestorIs) {
  processes_.set({.pid = 20, .cgroup = "/docker/web"});
  kernel_->by_pid[20] = ran(5);
  scan();
  // The grandchild ends first, its parent is not known either.
  kernel_->exits = {exit_of(102, 101, "grep", 30), exit_of(101, 20, "sh", 70)};
  scan();
  EXPECT_THAT(groups(), Not(Contains("grep")));
  std::uint64_t in_container = 0;
  for (const ExecutableStats& one : facts("/docker/web").executables) {
    in_container += one.cpu_nsec;
  }
  EXPECT_EQ(in_container, 105U);
  EXPECT_EQ(facts("/docker/web").runqueue_nsec, 10U);
}

TEST_F(ExitRecords, OfThreadsBelongToTheirProcess) {
  scan();
  TaskExit thread = exit_of(12, 1, "bash", 300);
  thread.tgid = 10;
  thread.process.reset();
  thread.minflt = 9;
  kernel_->exits = {thread};
  kernel_->by_pid[10] = ran(1'500);  // the kernel counts it in
  scan();
  EXPECT_EQ(cpu_nsec("bash"), 1'500U);
  EXPECT_EQ(facts("process:bash").processes, 1U);
}

TEST_F(ExitRecords, OfAnIdThatIsUsedAgainAreOfTwoProcesses) {
  scan();
  processes_.end(10);
  processes_.set({.pid = 10, .comm = "sh", .executable = "/bin/sh", .start_ticks = 500});
  kernel_->by_pid[10] = ran(7);
  kernel_->exits = {exit_of(10, 1, "bash", 1'200)};
  scan();
  EXPECT_EQ(cpu_nsec("bash"), 1'200U);
  EXPECT_EQ(cpu_nsec("sh"), 7U);
}

TEST_F(ExitRecords, OfKernelThreadsAreTheKernels) {
  processes_.set({.pid = 2, .ppid = 0, .comm = "kthreadd", .executable = ""});
  scan();
  kernel_->exits = {exit_of(50, 2, "kworker/0:3", 40)};
  scan();
  EXPECT_EQ(cpu_nsec("[kernel]"), 40U);
}

class WithoutRecords : public ProcessScanTest {};

TEST_F(WithoutRecords, TheParentAccountsForChildrenThatWereNeverSeen) {
  processes_.set({.pid = 10, .comm = "bash", .executable = "/bin/bash", .cutime = 500});
  scan();
  EXPECT_EQ(cpu_ticks("bash"), 0U);  // their process is no longer known
  processes_.set({.pid = 10, .comm = "bash", .executable = "/bin/bash", .cutime = 520, .cstime = 3});
  scan();
  EXPECT_EQ(cpu_ticks("bash"), 23U);
}

TEST_F(WithoutRecords, AChildThatWasSeenIsNotCountedTwice) {
  processes_.set({.pid = 10, .comm = "bash", .executable = "/bin/bash"});
  processes_.set({.pid = 11, .ppid = 10, .utime = 40});
  scan();
  processes_.end(11);
  processes_.set({.pid = 10, .comm = "bash", .executable = "/bin/bash", .cutime = 45});
  scan();
  EXPECT_EQ(cpu_ticks("nginx"), 45U);  // the rest is its own
  EXPECT_EQ(cpu_ticks("bash"), 0U);
}

TEST_F(WithoutRecords, NorIsOneThatIsWaitedForAfterItsParentWasRead) {
  processes_.set({.pid = 10, .comm = "bash", .executable = "/bin/bash"});
  processes_.set({.pid = 11, .ppid = 10, .utime = 40});
  scan();
  processes_.end(11);
  scan();
  processes_.set({.pid = 10, .comm = "bash", .executable = "/bin/bash", .cutime = 45});
  scan();
  EXPECT_EQ(*cpu_ticks("nginx") + *cpu_ticks("bash"), 45U);
}

TEST_F(WithoutRecords, ChildAndParentThatEndTogetherAreTheGrandparents) {
  processes_.set({.pid = 10, .comm = "bash", .executable = "/bin/bash"});
  processes_.set({.pid = 11, .ppid = 10, .comm = "make", .executable = "/usr/bin/make", .utime = 5});
  processes_.set({.pid = 12, .ppid = 11, .comm = "cc1", .executable = "/usr/lib/cc1", .utime = 40});
  scan();
  processes_.end(11);
  processes_.end(12);
  processes_.set({.pid = 10, .comm = "bash", .executable = "/bin/bash", .cutime = 47});
  scan();
  EXPECT_EQ(*cpu_ticks("bash") + *cpu_ticks("make") + *cpu_ticks("cc1"), 47U);
}

TEST_F(WithoutRecords, ChildrenThatNobodyWaitsForTakeNothingFromOthers) {
  processes_.set({.pid = 10, .comm = "bash", .executable = "/bin/bash"});
  processes_.set({.pid = 11, .ppid = 10, .utime = 40});
  scan();
  processes_.end(11);  // the parent ignores SIGCHLD: its figures stay as they are
  scan();
  scan();
  processes_.set({.pid = 10, .comm = "bash", .executable = "/bin/bash", .cutime = 6});
  scan();
  EXPECT_EQ(cpu_ticks("bash"), 6U);
}

}  // namespace
}  // namespace tallyman
