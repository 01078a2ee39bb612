#include "collectors/kernel/cgroup/final_stats_watcher.h"

#include "tests/support/eventually.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

namespace tallyman {
namespace {

// A cgroup in the v2 tree, and where CPU time is counted on v1 in that hierarchy too.
class WatchedCgroup : public ::testing::Test {
 protected:
  void SetUp() override {
    auto mounts = CgroupMounts::detect(HostRoot{});
    if (!mounts || mounts->unified_index() < 0) GTEST_SKIP() << "no cgroup v2 tree here, not even next to v1";
    for (const Hierarchy& one : mounts->hierarchies()) {
      if (!one.v2 && access((one.path + "/cpuacct.usage").c_str(), F_OK) != 0) continue;
      const std::string directory = one.path + id_;
      if (mkdir(directory.c_str(), 0755) != 0) GTEST_SKIP() << directory << ": " << std::strerror(errno);
      directories_.push_back(directory);
    }
    unified_ = mounts->hierarchies()[static_cast<std::size_t>(mounts->unified_index())].path + id_;
    watcher_ = FinalStatsWatcher::make(HostRoot{}, *mounts);
    ASSERT_NE(watcher_, nullptr);
    watcher_->start();
  }
  void TearDown() override {
    watcher_.reset();
    for (const std::string& directory : directories_) {
      EXPECT_TRUE(eventually([&] { return rmdir(directory.c_str()) == 0 || errno != EBUSY; })) << directory;
    }
  }

  // A process in the cgroup that ends when finish() is called.
  struct Process {
    pid_t pid;
    int end;
  };
  Process enter() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    const pid_t pid = fork();
    if (pid == 0) {
      close(ends[1]);
      char byte = 0;
      _exit(read(ends[0], &byte, 1) == 0 ? 0 : 1);
    }
    close(ends[0]);
    const std::string text = std::to_string(pid);
    for (const std::string& directory : directories_) {
      const int file = open((directory + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC);
      EXPECT_EQ(write(file, text.data(), text.size()), static_cast<ssize_t>(text.size())) << directory;
      close(file);
    }
    return {pid, ends[1]};
  }
  static void finish(const Process& process) {
    close(process.end);
    int status = 0;
    EXPECT_EQ(waitpid(process.pid, &status, 0), process.pid);
    EXPECT_EQ(status, 0);
  }

  const std::string id_ = "/tallyman-final-stats-" + std::to_string(getpid());
  std::string unified_;  // the directory in the v2 tree
  std::vector<std::string> directories_;
  std::unique_ptr<FinalStatsWatcher> watcher_;
};

TEST_F(WatchedCgroup, IsReadWhenItsLastProcessEnds) {
  const auto token = watcher_->watch(id_);
  ASSERT_NE(token, 0);
  const Process process = enter();
  finish(process);
  ASSERT_TRUE(eventually([&] { return watcher_->was_read(token); }));
  EXPECT_TRUE(watcher_->take(token)->cpu.usage_nsec);
}

// A unit of systemd is empty between two of its commands. If the end of the second one comes too
// late to be read, what the first one used must not pass for the final stats.
TEST_F(WatchedCgroup, HasNoFinalStatsOnceAProcessHasEnteredItAgain) {
  const auto token = watcher_->watch(id_);
  ASSERT_NE(token, 0);
  finish(enter());
  ASSERT_TRUE(eventually([&] { return watcher_->was_read(token); }));
  const Process again = enter();
  EXPECT_TRUE(eventually([&] { return !watcher_->was_read(token); }));
  finish(again);
  EXPECT_TRUE(eventually([&] { return watcher_->was_read(token); }));
}

// Its own watch reports all created cgroups: those that end before anybody asks for them
// must not add up.
TEST_F(WatchedCgroup, IsForgottenOnceItIsGoneIfNobodyAskedForIt) {
  watcher_->watch(id_);
  const auto watches = [&] { return watcher_->statistics().watches; };
  ASSERT_EQ(watches(), 1U);
  ASSERT_EQ(mkdir((unified_ + "/unasked").c_str(), 0755), 0);
  EXPECT_TRUE(eventually([&] { return watches() == 2; }));
  EXPECT_EQ(rmdir((unified_ + "/unasked").c_str()), 0);
  EXPECT_TRUE(eventually([&] { return watches() == 1; }));
}

TEST_F(WatchedCgroup, WatchesNothingInsideWhileItIsIgnored) {
  ASSERT_NE(watcher_->watch(id_), 0);
  const auto watches = [&] { return watcher_->statistics().watches; };
  ASSERT_EQ(mkdir((unified_ + "/before").c_str(), 0755), 0);
  EXPECT_TRUE(eventually([&] { return watches() == 2; }));
  watcher_->ignore_inside(id_, true);
  EXPECT_EQ(watches(), 1U) << "its own stays";
  ASSERT_EQ(mkdir((unified_ + "/meanwhile").c_str(), 0755), 0);
  EXPECT_EQ(watcher_->watch(id_ + "/meanwhile"), 0);
  EXPECT_EQ(watches(), 1U);
  watcher_->ignore_inside(id_, false);
  EXPECT_NE(watcher_->watch(id_ + "/meanwhile"), 0);
  EXPECT_EQ(rmdir((unified_ + "/before").c_str()), 0);
  EXPECT_EQ(rmdir((unified_ + "/meanwhile").c_str()), 0);
}

// Others of the same user may have taken all instances. A user namespace has a limit of its own.
TEST(FinalStatsWatcher, StartsAndEndsWithoutAnInotifyInstance) {
  auto mounts = CgroupMounts::detect(HostRoot{});
  if (!mounts || mounts->unified_index() < 0) GTEST_SKIP() << "no cgroup v2 tree here, not even next to v1";
  const pid_t child = fork();
  if (child == 0) {
    const int limit =
        unshare(CLONE_NEWUSER) == 0 ? open("/proc/sys/user/max_inotify_instances", O_WRONLY | O_CLOEXEC) : -1;
    if (limit < 0 || write(limit, "0", 1) != 1) _exit(77);
    const auto watcher = FinalStatsWatcher::make(HostRoot{}, *mounts);
    watcher->start();
    const bool right = !watcher->statistics().active && watcher->watch("/") == 0;
    watcher->stop();
    _exit(right ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "no user namespaces here";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace tallyman
