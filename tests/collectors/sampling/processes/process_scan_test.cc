#include "collectors/sampling/processes/process_scan.h"

#include "tests/collectors/sampling/processes/process_scan_fixture.h"

#include <gmock/gmock.h>

namespace tallyman {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(ProcessScanTest, GroupsBareProcessesByTheirProgram) {
  const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  processes_.set({.pid = 10, .utime = 3, .stime = 2, .minflt = 7, .majflt = 1, .threads = 2, .write_bytes = 4096});
  processes_.set({.pid = 11, .utime = 4, .stime = 1, .minflt = 1, .majflt = 0, .read_bytes = 512});
  processes_.set({.pid = 12, .comm = "postgres", .executable = "/usr/lib/postgresql/15/bin/postgres (deleted)"});
  scan();
  EXPECT_THAT(groups(), ElementsAre("nginx", "postgres"));
  const CgroupStats& nginx = group("nginx");
  EXPECT_EQ(cpu_ticks("nginx"), 10U);
  EXPECT_EQ(nginx.cpu.user_nsec, 7 * kNsecPerTick);
  EXPECT_EQ(nginx.memory.current, 20 * page);
  EXPECT_EQ(nginx.memory.anon, 12 * page);
  EXPECT_EQ(nginx.memory.swap_current, 2 * 8 * 1024U);
  EXPECT_EQ(nginx.memory.pgfault, 9U);
  EXPECT_EQ(nginx.memory.pgmajfault, 1U);
  EXPECT_EQ(nginx.pids.current, 3U);
  ASSERT_EQ(nginx.io.size(), 1U);
  EXPECT_EQ(nginx.io[0].rbytes, 512U);
  EXPECT_EQ(nginx.io[0].wbytes, 4096U);
  EXPECT_EQ(facts("process:nginx").processes, 2U);
  EXPECT_EQ(facts("process:nginx").open_files_limit, 1024U);
  EXPECT_EQ(report_->groups[0]->kind, WorkloadKind::kProcess);
  EXPECT_EQ(report_->groups[0]->id, "process:nginx");
}

TEST_F(ProcessScanTest, WhatIsInAContainerOrServiceIsNotBare) {
  cgroup("/docker/web/init", WorkloadKind::kCgroup);
  cgroup("/user.slice", WorkloadKind::kSlice);
  cgroup("/user.slice/user@1000.service", WorkloadKind::kService);
  cgroup("/user.slice/user@1000.service/session.scope", WorkloadKind::kScope);
  processes_.set({.pid = 10, .cgroup = "/docker/web"});
  processes_.set({.pid = 11, .cgroup = "/docker/web/init/below"});
  processes_.set({.pid = 12, .comm = "cron", .executable = "/usr/sbin/cron", .cgroup = "/system.slice/cron.service"});
  processes_.set(
      {.pid = 13, .comm = "bash", .executable = "/bin/bash", .cgroup = "/user.slice/user@1000.service/session.scope"});
  processes_.set({.pid = 14, .comm = "sshd", .executable = "/usr/sbin/sshd", .cgroup = "/unknown/to/discovery"});
  scan();
  EXPECT_THAT(groups(), ElementsAre("bash", "sshd"));
  EXPECT_EQ(facts("/docker/web").processes, 2U);
  EXPECT_EQ(facts("/docker").processes, 2U);
  EXPECT_EQ(facts("/docker/web/init").processes, 1U);
  EXPECT_EQ(facts("/system.slice/cron.service").processes, 1U);
  EXPECT_EQ(facts("/").processes, 5U);
}

TEST_F(ProcessScanTest, AnIdThatIsUsedAgainIsAnotherProcess) {
  processes_.set({.pid = 10, .start_ticks = 100, .utime = 50});
  scan();
  processes_.set({.pid = 10, .start_ticks = 900, .utime = 20});
  scan();
  EXPECT_EQ(cpu_ticks("nginx"), 70U);
  EXPECT_EQ(facts("process:nginx").processes, 1U);
  processes_.set({.pid = 10, .start_ticks = 900, .utime = 21});
  scan();
  EXPECT_EQ(cpu_ticks("nginx"), 71U);
}

TEST_F(ProcessScanTest, AProcessThatChangesItsCgroupMovesOnce) {
  processes_.set({.pid = 10, .utime = 5});
  scan();
  processes_.set({.pid = 10, .cgroup = "/docker/web", .utime = 8});
  scan(10, true);
  EXPECT_EQ(facts("process:nginx").processes, 0U);
  EXPECT_EQ(facts("/docker/web").processes, 1U);
  // What it used before the move stays where it was booked.
  EXPECT_EQ(cpu_ticks("nginx"), 5U);
  ASSERT_EQ(facts("/docker/web").executables.size(), 1U);
  EXPECT_EQ(facts("/docker/web").executables[0].cpu_nsec, 3 * kNsecPerTick);
  processes_.set({.pid = 10, .utime = 9});
  scan(10, true);
  EXPECT_EQ(cpu_ticks("nginx"), 6U);
  EXPECT_EQ(facts("/docker/web").processes, 0U);
  EXPECT_EQ(facts("/").executables[0].cpu_nsec, 9 * kNsecPerTick);
}

TEST_F(ProcessScanTest, AContainerThatIsRecognisedLateTakesItsProcessesAway) {
  cgroups_["/docker/late"] = nullptr;
  cgroups_.erase("/docker/late");
  cgroup("/docker/late", WorkloadKind::kCgroup);
  processes_.set({.pid = 10, .cgroup = "/docker/late", .utime = 5});
  scan();
  EXPECT_THAT(groups(), ElementsAre("nginx"));
  cgroup("/docker/late", WorkloadKind::kContainer);
  scan();
  EXPECT_EQ(facts("process:nginx").processes, 0U);
  EXPECT_EQ(facts("/docker/late").processes, 1U);
}

TEST_F(ProcessScanTest, AnotherProgramInTheSameProcessLeavesThePastWhereItWas) {
  processes_.set({.pid = 10, .comm = "sh", .executable = "/bin/sh", .utime = 5});
  scan();
  processes_.set({.pid = 10, .comm = "nginx", .executable = "/usr/sbin/nginx", .utime = 6});
  scan();
  EXPECT_EQ(cpu_ticks("sh"), 5U);
  EXPECT_EQ(cpu_ticks("nginx"), 1U);
  EXPECT_EQ(facts("process:sh").processes, 0U);
}

TEST_F(ProcessScanTest, TakesNamesWithNewlinesBlanksAndParentheses) {
  processes_.set({.pid = 10, .comm = ") S 1 (\n x", .executable = "/tmp/a) b\n(c", .utime = 5});
  scan();
  EXPECT_THAT(groups(), ElementsAre("a) b\n(c"));
  EXPECT_EQ(cpu_ticks("a) b\n(c"), 5U);
}

TEST_F(ProcessScanTest, KernelThreadsAreOneGroup) {
  processes_.set({.pid = 2, .ppid = 0, .comm = "kthreadd", .executable = ""});
  processes_.set({.pid = 3, .ppid = 2, .comm = "kworker/0:1", .executable = "", .stime = 4});
  scan();
  EXPECT_THAT(groups(), ElementsAre("[kernel]"));
  EXPECT_EQ(cpu_ticks("[kernel]"), 4U);
  EXPECT_EQ(facts("process:[kernel]").processes, 2U);
}

TEST_F(ProcessScanTest, RulesNameGroupsAndTheFirstThatMatchesCounts) {
  processes_.host.file("etc/passwd", "root:x:0:0::/:/bin/sh\nwww-data:x:33:33::/:/bin/false\n");
  make({}, {{"queue", "^php", "queue:work", "", ""}, {"www", "", "", "^www-data$", ""}});
  processes_.set({.pid = 10, .comm = "php8.2", .executable = "/usr/bin/php8.2"});
  processes_.host.file("proc/10/cmdline", std::string("php8.2\0artisan\0queue:work\0", 27));
  processes_.set({.pid = 11, .comm = "php8.2", .executable = "/usr/bin/php8.2"});
  processes_.host.file("proc/11/cmdline", std::string("php8.2\0-v\0", 10));
  scan();
  EXPECT_THAT(groups(), ElementsAre("queue", "www"));
}

TEST_F(ProcessScanTest, GroupsPastTheBoundAreOne) {
  ProcessScanOptions options;
  options.max_groups = 2;
  make(options);
  for (std::uint32_t i = 0; i < 5; ++i) {
    processes_.set({.pid = 10 + i, .comm = "p", .executable = "/bin/p" + std::to_string(i), .utime = 2});
  }
  scan();
  EXPECT_EQ(report_->groups.size(), 3U);
  EXPECT_EQ(facts("process:[other]").processes, 3U);
  EXPECT_EQ(cpu_ticks("[other]"), 6U);
  EXPECT_EQ(report_->statistics.names_in_other, 3U);
}

TEST_F(ProcessScanTest, AGroupWithoutAProcessMakesRoomAndContinuesWhenItReturns) {
  ProcessScanOptions options;
  options.max_groups = 2;
  make(options);
  processes_.set({.pid = 10, .comm = "a", .executable = "/bin/a", .utime = 2});
  processes_.set({.pid = 11, .comm = "b", .executable = "/bin/b", .utime = 3});
  scan();
  processes_.end(10);
  scan();
  EXPECT_THAT(groups(), ElementsAre("a", "b")) << "nobody needs the room";
  processes_.set({.pid = 12, .comm = "c", .executable = "/bin/c", .utime = 4});
  scan();
  EXPECT_THAT(groups(), ElementsAre("b", "c"));
  EXPECT_EQ(cpu_ticks("c"), 4U);
  EXPECT_EQ(report_->statistics.names_in_other, 0U);
  processes_.end(11);
  scan();
  processes_.set({.pid = 13, .comm = "a", .executable = "/bin/a", .utime = 5});
  scan();
  EXPECT_THAT(groups(), ElementsAre("a", "c"));
  EXPECT_EQ(cpu_ticks("a"), 7U);
}

TEST_F(ProcessScanTest, AReturningGroupContinuesFromWhereItWas) {
  processes_.set({.pid = 10, .utime = 50});
  scan();
  processes_.end(10);
  processes_.set({.pid = 11, .comm = "sh", .executable = "/bin/sh"});
  scan();
  EXPECT_EQ(facts("process:nginx").processes, 0U);
  scan(601);
  EXPECT_THAT(groups(), ElementsAre("sh"));
  processes_.set({.pid = 12, .start_ticks = 7, .utime = 3});
  scan();
  EXPECT_EQ(cpu_ticks("nginx"), 53U);
}

TEST_F(ProcessScanTest, CountsTenThousand) {
  for (std::uint32_t pid = 1; pid <= 10'000; ++pid) {
    const std::string at = "proc/" + std::to_string(pid) + "/";
    processes_.host.file(at + "stat", ProcessHost::stat_line({.pid = pid, .comm = "worker", .utime = 1}));
    if (pid % 2 == 0) {
      processes_.host.file(at + "cgroup", "0::/docker/web\n");
    }
  }
  scan();
  EXPECT_EQ(report_->statistics.processes, 10'000U);
  EXPECT_EQ(facts("/").processes, 10'000U);
  EXPECT_EQ(facts("/docker/web").processes, 5'000U);
  EXPECT_EQ(facts("process:worker").processes, 5'000U);
  EXPECT_EQ(cpu_ticks("worker"), 5'000U);
  scan();
  EXPECT_EQ(cpu_ticks("worker"), 5'000U);
}

TEST_F(ProcessScanTest, AValueMissingInOneProcessIsMissingInItsGroup) {
  processes_.set({.pid = 10, .write_bytes = 4096});
  processes_.set({.pid = 11});
  processes_.host.remove("proc/11/io").dir("proc/11/io");  // cannot be read
  scan();
  EXPECT_THAT(group("nginx").io, IsEmpty());
  EXPECT_TRUE(group("nginx").cpu.usage_nsec);
}

TEST_F(ProcessScanTest, KnowsNothingWhereThereAreNoProcesses) {
  scan();
  EXPECT_TRUE(report_->facts.empty());
  EXPECT_TRUE(report_->groups.empty());
}

TEST_F(ProcessScanTest, CountsThreadsByStateOnlyWhenAsked) {
  ProcessScanOptions options;
  options.tasks = true;
  make(options);
  processes_.set({.pid = 10, .state = 'R'});
  processes_.set({.pid = 11, .state = 'D'});
  scan();
  ASSERT_TRUE(facts("/").tasks);
  EXPECT_EQ(facts("/").tasks->running, 1U);
  EXPECT_EQ(facts("/").tasks->uninterruptible, 1U);
  EXPECT_EQ(facts("/").load_milli, 1000U);
  processes_.set({.pid = 10, .state = 'S'});
  scan(10);
  EXPECT_EQ(facts("/").load_milli, 368U);  // 1/e
}

}  // namespace
}  // namespace tallyman
