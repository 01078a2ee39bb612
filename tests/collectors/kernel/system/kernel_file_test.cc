#include "collectors/kernel/system/kernel_file.h"

#include "collectors/kernel/system/file_descriptor.h"
#include "tests/support/host_builder.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

namespace tallyman {
namespace {

FileDescriptor opened(const std::string& path) { return FileDescriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC)); }

std::string numbered_lines(std::size_t bytes) {
  std::string text;
  for (int i = 0; text.size() < bytes; ++i) {
    text += std::to_string(i) + '\n';
  }
  return text;
}

TEST(KernelFile, ReadsAKeptOpenFileAgainEachTime) {
  HostBuilder host;
  host.file("current", "1\n");
  const FileDescriptor file = opened(host.path("current"));
  ReadBuffer buffer;
  EXPECT_EQ(read_record(file.get(), buffer).value(), "1\n");
  host.file("current", "22\n");
  EXPECT_EQ(read_record(file.get(), buffer).value(), "22\n");
  host.file("current", "");
  EXPECT_EQ(read_record(file.get(), buffer).value(), "");
}

TEST(KernelFile, GrowsItsBufferToTheLongestText) {
  HostBuilder host;
  const std::string text = numbered_lines(300'000);
  host.file("long", text).file("short", "7\n");
  ReadBuffer buffer;
  const std::size_t before = buffer.size();
  const FileDescriptor file = opened(host.path("long"));
  EXPECT_EQ(read_record(file.get(), buffer).value(), text);
  EXPECT_GT(buffer.size(), before);
  EXPECT_EQ(read_to_end(file.get(), buffer).value(), text);
  EXPECT_EQ(read_file(host.path("short"), buffer).value(), "7\n") << "nothing is left of the longer text";
}

TEST(KernelFile, ReadsATextThatFillsTheBufferToTheByte) {
  HostBuilder host;
  ReadBuffer buffer;
  const std::string text(buffer.size(), 'x');
  host.file("full", text);
  const FileDescriptor file = opened(host.path("full"));
  EXPECT_EQ(read_record(file.get(), buffer).value(), text);
}

TEST(KernelFile, RefusesATextThatIsLongerThanTheBound) {
  HostBuilder host;
  host.file("endless", "");
  std::filesystem::resize_file(host.path("endless"), ReadBuffer::kMaxBytes + 1);  // sparse
  ReadBuffer buffer;
  const auto text = read_file(host.path("endless"), buffer);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().kind, ErrorKind::kMalformed);
  EXPECT_EQ(text.error().code, EFBIG);
  EXPECT_EQ(text.error().where, host.path("endless"));
  EXPECT_LE(buffer.size(), ReadBuffer::kMaxBytes);
}

// net/dev, cgroup.procs and mountinfo come in pieces of about a page. On this
// kernel /proc/self/mountinfo may be short; /proc/kallsyms is long everywhere.
TEST(KernelFile, ReadsOnAfterAShortRead) {
  const FileDescriptor file = opened("/proc/kallsyms");
  ReadBuffer buffer;
  char piece[1 << 18];
  const ssize_t first = file.valid() ? pread(file.get(), piece, sizeof piece, 0) : -1;
  if (first <= 0 || first == static_cast<ssize_t>(sizeof piece)) {
    GTEST_SKIP() << "this kernel gives no /proc/kallsyms in pieces";
  }
  const auto text = read_to_end(file.get(), buffer);
  ASSERT_TRUE(text) << to_string(text.error());
  EXPECT_GT(text->size(), static_cast<std::size_t>(first)) << "one read is not the end of it";
}

TEST(KernelFile, ReadsRowsToTheEndThoughItAsksOnlyWhereThereMayBeMore) {
  for (const char* path : {"/proc/crypto", "/proc/kallsyms", "/proc/self/net/dev"}) {
    const FileDescriptor file = opened(path);
    ReadBuffer buffer;
    const auto all = read_to_end(file.get(), buffer);
    if (!all || all->empty()) {
      continue;  // not on this kernel
    }
    const std::size_t rows = static_cast<std::size_t>(std::count(all->begin(), all->end(), '\n'));
    ReadBuffer other;
    const auto again = read_rows(file.get(), 1024, other);
    ASSERT_TRUE(again) << path;
    EXPECT_EQ(static_cast<std::size_t>(std::count(again->begin(), again->end(), '\n')), rows) << path;
  }
}

TEST(KernelFile, ReadsRowsOfAnyTotalSize) {
  HostBuilder host;
  ReadBuffer buffer;
  host.file("rows", std::string(4096 - 512, 'x'));
  const FileDescriptor file = opened(host.path("rows"));
  EXPECT_EQ(read_rows(file.get(), 512, buffer).value().size(), 4096U - 512);
  host.file("rows", numbered_lines(20'000));
  EXPECT_EQ(read_rows(file.get(), 512, buffer).value(), numbered_lines(20'000));
}

TEST(KernelFile, ErrorsNameTheFileAndTheKind) {
  HostBuilder host;
  host.dir("directory");
  ReadBuffer buffer;
  const auto missing = read_file(host.path("nothing"), buffer);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::kUnsupported);
  EXPECT_EQ(to_string(missing.error()), host.path("nothing") + ": No such file or directory");

  const auto directory = read_file(host.path("directory"), buffer);
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().kind, ErrorKind::kIo);
  EXPECT_EQ(to_string(directory.error()), host.path("directory") + ": Is a directory");

  const auto below_a_file = read_file("/proc/version/x", buffer);
  ASSERT_FALSE(below_a_file);
  EXPECT_EQ(below_a_file.error().kind, ErrorKind::kUnsupported);
}

TEST(KernelFile, DoesNotWaitForTheWriterOfAFifo) {
  HostBuilder host;
  ASSERT_EQ(mkfifo(host.path("fifo").c_str(), 0600), 0);
  ReadBuffer buffer;
  const auto text = read_file(host.path("fifo"), buffer);
  EXPECT_FALSE(text) << "pread is not for pipes; what counts is that it returned";
}

TEST(KernelFile, DistinguishesAnEndedProcessFromAMissingFile) {
  const pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  const FileDescriptor file = opened("/proc/" + std::to_string(child) + "/cgroup");
  ASSERT_TRUE(file.valid());
  ReadBuffer buffer;
  EXPECT_TRUE(read_to_end(file.get(), buffer));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  const auto text = read_to_end(file.get(), buffer);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().kind, ErrorKind::kGone);
  EXPECT_EQ(text.error().code, ESRCH);
}

// Root may read everything, so a child process runs as nobody.
TEST(KernelFile, DistinguishesNoPermissionFromEverythingElse) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "needs root to give a file to root alone";
  }
  HostBuilder host;
  host.file("secret", "1\n");
  ASSERT_EQ(chmod(host.path("secret").c_str(), 0600), 0);
  const std::string path = host.path("secret");
  const pid_t child = fork();
  if (child == 0) {
    ReadBuffer buffer;
    const bool dropped = setresgid(65'534, 65'534, 65'534) == 0 && setresuid(65'534, 65'534, 65'534) == 0;
    const auto text = read_file(path, buffer);
    const bool denied = !text && text.error().kind == ErrorKind::kDenied && text.error().where == path;
    _exit(dropped && denied ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(KernelFile, ReadsOnlyTheFirstLineWhereOneIsWanted) {
  HostBuilder host;
  host.file("two", "first\nsecond\n").file("torn", "no newline").file("empty", "");
  ReadBuffer buffer;
  EXPECT_EQ(read_line(host.path("two"), buffer), "first");
  EXPECT_EQ(read_line(host.path("torn"), buffer), "no newline");
  EXPECT_EQ(read_line(host.path("empty"), buffer), "");
  EXPECT_EQ(read_line(host.path("nothing"), buffer), "");
}

TEST(KernelFile, ListsADirectoryInOrder) {
  HostBuilder host;
  host.dir("d/b").file("d/a", "").file("d/.c", "");
  EXPECT_THAT(names_in(host.path("d")), ::testing::ElementsAre(".c", "a", "b"));
  EXPECT_TRUE(names_in(host.path("nothing")).empty());
  EXPECT_TRUE(names_in(host.path("d/a")).empty());
}

TEST(FileDescriptor, ClosesOnceAndMoves) {
  FileDescriptor first = opened("/proc/version");
  const int fd = first.get();
  FileDescriptor second = std::move(first);
  EXPECT_EQ(second.get(), fd);
  second = opened("/proc/version");
  EXPECT_EQ(fcntl(fd, F_GETFD), -1) << "what it held before is closed";
  const int released = second.release();
  second.reset();
  EXPECT_NE(fcntl(released, F_GETFD), -1);
  close(released);
}

TEST(FileBudget, RemembersThatItWasExceeded) {
  FileBudget budget(2);
  EXPECT_TRUE(budget.take());
  EXPECT_TRUE(budget.take());
  EXPECT_FALSE(budget.exceeded()) << "all are in use, none was refused";
  EXPECT_FALSE(budget.take());
  EXPECT_EQ(budget.open(), 2U);
  budget.give_back();
  EXPECT_TRUE(budget.take());
  EXPECT_TRUE(budget.exceeded());
}

}  // namespace
}  // namespace tallyman
