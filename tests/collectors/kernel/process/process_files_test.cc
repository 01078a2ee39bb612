// This process, and one that does not exist.
#include "collectors/kernel/process/process_files.h"

#include "collectors/kernel/system/file_descriptor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

namespace tallyman {
namespace {

using testing::Contains;

const std::uint32_t kSelf = static_cast<std::uint32_t>(getpid());

TEST(ProcessFiles, DescribesThisProcess) {
  ProcessFiles files{HostRoot{}};
  EXPECT_THAT(files.pids().value(), Contains(kSelf));
  const PidStat stat = files.stat(kSelf).value();
  EXPECT_EQ(stat.pid, kSelf);
  EXPECT_EQ(stat.ppid, static_cast<std::uint32_t>(getppid()));
  EXPECT_GE(stat.threads, 1U);
  const PidMemory memory = files.memory(kSelf).value();
  EXPECT_GT(memory.resident, memory.shared);
  EXPECT_FALSE(files.cgroups(kSelf).value().empty());
  EXPECT_EQ(files.program(kSelf).value(), "kernel_test");
  EXPECT_THAT(files.command_line(kSelf).value(), testing::HasSubstr("kernel_test"));
  EXPECT_EQ(files.status(kSelf).value().uid, getuid());
  EXPECT_TRUE(files.open_files_limit(kSelf).value());
  EXPECT_NE(files.namespaces(kSelf).value()[static_cast<std::size_t>(NamespaceType::kNet)], 0U);
  EXPECT_EQ(files.threads_states(kSelf).value().size(), stat.threads);
}

TEST(ProcessFiles, CountsFilesAndSocketsAmongThem) {
  ProcessFiles files{HostRoot{}};
  const OpenFiles before = files.open_files(kSelf).value();
  const FileDescriptor file(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const OpenFiles after = files.open_files(kSelf).value();
  EXPECT_EQ(after.count, before.count + 2);
  EXPECT_EQ(*after.sockets, *before.sockets + 1);
}

TEST(ProcessFiles, AProcessThatHasEndedIsGoneInEachOfThem) {
  const pid_t child = fork();
  if (child == 0) {
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  const auto pid = static_cast<std::uint32_t>(child);
  ProcessFiles files{HostRoot{}};
  EXPECT_EQ(files.stat(pid).error().kind, ErrorKind::kGone);
  EXPECT_EQ(files.io(pid).error().kind, ErrorKind::kGone);
  EXPECT_EQ(files.open_files(pid).error().kind, ErrorKind::kGone);
  EXPECT_EQ(files.program(pid).error().kind, ErrorKind::kGone);
  EXPECT_EQ(files.namespaces(pid).error().kind, ErrorKind::kGone);
  EXPECT_EQ(files.threads_sched(pid).error().kind, ErrorKind::kGone);
}

TEST(ProcessFiles, AZombieHasNoProgramButAState) {
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_NAME, "a) Z 1\n(");
    _exit(0);
  }
  siginfo_t info{};
  waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
  ProcessFiles files{HostRoot{}};
  const PidStat stat = files.stat(static_cast<std::uint32_t>(child)).value();
  EXPECT_TRUE(stat.is_dead());
  EXPECT_EQ(stat.comm, "a) Z 1\n(");
  EXPECT_EQ(files.program(static_cast<std::uint32_t>(child)).value(), "");
  waitpid(child, nullptr, 0);
}

}  // namespace
}  // namespace tallyman
