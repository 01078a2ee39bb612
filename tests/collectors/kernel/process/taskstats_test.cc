#include "collectors/kernel/process/taskstats.h"

#include <gtest/gtest.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/taskstats.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <ctime>
#include <thread>

namespace tallyman {
namespace {

std::uint64_t cpu_nsec() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

void burn(std::uint64_t nsec) {
  const std::uint64_t end = cpu_nsec() + nsec;
  while (cpu_nsec() < end) {
  }
}

template <class Body>
std::uint32_t run_child(Body body) {
  const pid_t child = fork();
  if (child == 0) {
    body();
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  return static_cast<std::uint32_t>(child);
}

class RealTaskstats : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = Taskstats::open();
    if (!opened) {
      GTEST_SKIP() << to_string(opened.error());
    }
    kernel_ = std::move(*opened);
  }
  std::vector<TaskExit> exits_of(std::uint32_t tgid) {
    std::vector<TaskExit> all;
    kernel_->take_exits(all);
    std::erase_if(all, [&](const TaskExit& exit) { return exit.tgid != tgid; });
    return all;
  }
  std::unique_ptr<Taskstats> kernel_;
};

// Differences: of each thread that has ended, the kernel leaves out the end itself.
TEST_F(RealTaskstats, ReportsTheTimesOfThisProcess) {
  const std::vector<std::uint32_t> pids = {static_cast<std::uint32_t>(getpid()), 0x3fffffff};
  const auto first = kernel_->times(pids);
  const std::uint64_t begin = cpu_nsec();
  burn(50'000'000);
  const std::uint64_t end = cpu_nsec();
  const auto second = kernel_->times(pids);
  const std::uint64_t after = cpu_nsec();
  ASSERT_EQ(second.size(), 2U);
  ASSERT_TRUE(first[0] && second[0]);
  // The scheduler updates a running thread's time at its ticks, of at most 10 ms.
  const std::uint64_t run = second[0]->run_nsec - first[0]->run_nsec;
  EXPECT_GE(run + 10'000'000, end - begin);
  EXPECT_LE(run, after - begin + 10'000'000);
  EXPECT_FALSE(second[1]);
}

TEST_F(RealTaskstats, ReportsWhatAnExitedProcessUsed) {
  const std::uint32_t child = run_child([] { burn(30'000'000); });
  const auto exits = exits_of(child);
  ASSERT_EQ(exits.size(), 1U);
  EXPECT_EQ(exits[0].ppid, static_cast<std::uint32_t>(getpid()));
  EXPECT_EQ(exits[0].comm, "kernel_test");
  ASSERT_TRUE(exits[0].process);
  EXPECT_GE(exits[0].process->run_nsec, 30'000'000U);
  EXPECT_LE(exits[0].process->run_nsec, 60'000'000U);
}

TEST_F(RealTaskstats, ReportsTheSameFileOfARunningAndOfAnEndedProcess) {
  const std::vector<std::uint32_t> pids = {static_cast<std::uint32_t>(getpid()), 0x3fffffff};
  const auto files = kernel_->executables(pids);
  ASSERT_EQ(files.size(), 2U);
  EXPECT_NE(files[0].inode, 0U);
  EXPECT_EQ(files[1].inode, 0U);
  const auto exits = exits_of(run_child([] {}));
  ASSERT_FALSE(exits.empty());
  for (const TaskExit& exit : exits) {  // of each thread: TSan has one of its own
    EXPECT_EQ(exit.executable.device, files[0].device);
    EXPECT_EQ(exit.executable.inode, files[0].inode);
  }
}

TEST_F(RealTaskstats, ReportsHowAProcessEnded) {
  const auto status_of = [&](std::uint32_t child) {
    const auto exits = exits_of(child);
    return exits.empty() ? 0U : exits.back().wait_status;
  };
  EXPECT_EQ(status_of(run_child([] { _exit(3); })), 3U << 8U);
  EXPECT_EQ(status_of(run_child([] { raise(SIGKILL); })), static_cast<std::uint32_t>(SIGKILL));
  // A thread that goes on after the first one has ended, and ends the process.
  EXPECT_EQ(status_of(run_child([] {
              std::thread([] { _exit(5); }).detach();
              syscall(SYS_exit, 0);
            })),
            5U << 8U);
}

TEST_F(RealTaskstats, AddsUpTheThreadsOfAProcess) {
  const std::uint32_t child = run_child([] {
    std::thread first([] { burn(20'000'000); });
    first.join();
    std::thread second([] { burn(20'000'000); });
    second.join();
  });
  const auto exits = exits_of(child);
  ASSERT_EQ(exits.size(), 3U);
  EXPECT_FALSE(exits[0].process);
  ASSERT_TRUE(exits[2].process);
  EXPECT_GE(exits[2].process->run_nsec, 40'000'000U);
  EXPECT_LT(exits[2].thread.run_nsec, 20'000'000U);
}

std::string message(std::uint16_t version, std::size_t bytes_of_stats) {
  taskstats stats{};
  stats.version = version;
  stats.ac_pid = stats.ac_tgid = 42;
  stats.ac_flag = 0x20;
  stats.ac_exitcode = 3 << 8;
  stats.cpu_run_virtual_total = 7;
  std::memcpy(stats.ac_comm, "sh", 3);
  std::string text(bytes_of_stats, '\0');
  std::memcpy(text.data(), &stats, std::min(sizeof stats, bytes_of_stats));
  const auto attribute = [](std::uint16_t type, const std::string& payload) {
    const nlattr head{static_cast<std::uint16_t>(sizeof(nlattr) + payload.size()), type};
    return std::string(reinterpret_cast<const char*>(&head), sizeof head) + payload;
  };
  const std::string body = attribute(TASKSTATS_TYPE_AGGR_PID, attribute(TASKSTATS_TYPE_STATS, text));
  nlmsghdr head{};
  head.nlmsg_len = static_cast<std::uint32_t>(NLMSG_LENGTH(GENL_HDRLEN) + body.size());
  head.nlmsg_type = 31;
  return std::string(reinterpret_cast<const char*>(&head), sizeof head) + std::string(GENL_HDRLEN, '\0') + body;
}

TEST(TaskExitMessage, IsUnderstoodWithMoreFieldsThanAreKnown) {
  const auto exit = parse_task_exit(message(16, sizeof(taskstats) + 148));
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->tgid, 42U);
  EXPECT_EQ(exit->comm, "sh");
  EXPECT_EQ(exit->wait_status, 3U << 8U);
  ASSERT_TRUE(exit->process);
  EXPECT_EQ(exit->process->run_nsec, 7U);
}

TEST(TaskExitMessage, IsNotUnderstoodFromKernelsThatDoNotSayWhichProcess) {
  EXPECT_FALSE(parse_task_exit(message(11, sizeof(taskstats))));
  EXPECT_FALSE(parse_task_exit(message(16, 100)));
}

TEST(TaskExitMessage, CutOffAnywhereIsNone) {
  const std::string whole = message(16, sizeof(taskstats));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(parse_task_exit(whole.substr(0, size))) << size;
  }
}

}  // namespace
}  // namespace tallyman
