#include "agent/overhead/targets/cleanup_log.h"

#include "tests/support/host_builder.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>

#include <filesystem>
#include <fstream>
#include <future>

namespace tallyman::overhead {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class OverheadCleanupLog : public ::testing::Test {
 protected:
  Undo undo() {
    return [this](const Made& made) -> Result<void> {
      if (made.name == stuck_) return failure("busy");
      undone_.push_back(made.kind + " " + made.name);
      return {};
    };
  }
  std::string state() const { return host_.root().rootfs; }

  HostBuilder host_;
  std::vector<std::string> undone_;
  std::string stuck_;
};

TEST_F(OverheadCleanupLog, UndoesBackwardsAndLeavesNothing) {
  {
    auto cleanup_log = CleanupLog::begin(state(), "r1", undo()).value();
    ASSERT_TRUE(cleanup_log->about_to_make({"directory", "/x/work-r1", {}}));
    ASSERT_TRUE(cleanup_log->about_to_make({"container", "tallyman-overhead-r1-a", {"docker"}}));
    ASSERT_TRUE(cleanup_log->about_to_make({"container", "tallyman-overhead-r1-b", {"docker"}}));
    ASSERT_TRUE(cleanup_log->undo("container", "tallyman-overhead-r1-a"));
  }
  EXPECT_THAT(undone_, ElementsAre("container tallyman-overhead-r1-a", "container tallyman-overhead-r1-b",
                                   "directory /x/work-r1"));
  EXPECT_FALSE(std::filesystem::exists(state() + "/cleanup-r1.log"));
}

TEST_F(OverheadCleanupLog, TheNextRunUndoesOnlyWhatAKilledRunLeft) {
  std::ofstream(state() + "/cleanup-dead.log")
      << to_line({"directory", state() + "/work-dead", {}})
      << to_line({"container", "tallyman-overhead-dead-a", {"docker", "-H", "unix:///run/x"}})
      << to_line({"directory", "/home/precious", {}})  // not one of our names
      << to_line({"container", "database", {"docker"}}) << "{\"kind\":\"dire";
  auto cleanup_log = CleanupLog::begin(state(), "r2", undo()).value();
  ASSERT_TRUE(cleanup_log->about_to_make({"directory", "/x/work-r2", {}}));
  EXPECT_THAT(CleanupLog::recover(state(), undo(), "r2"),
              ElementsAre(HasSubstr("removed what the killed run dead had left behind")));
  EXPECT_THAT(undone_, ElementsAre("container tallyman-overhead-dead-a", "directory " + state() + "/work-dead"));
  EXPECT_FALSE(std::filesystem::exists(state() + "/cleanup-dead.log"));
  EXPECT_TRUE(std::filesystem::exists(state() + "/cleanup-r2.log"));
}

TEST_F(OverheadCleanupLog, RunsNoCommandOfALog) {
  const std::string run = "dead", work = state() + "/work-dead";
  for (const Made& strange : {Made{"image", "tallyman-overhead-x", {"/bin/sh", "-c", "id > pwned; exit 0"}},
                              {"image", "tallyman-overhead-x", {"docker", "--config", "/home/x"}},
                              {"container", "tallyman-overhead-x", {"docker", "-H", "ssh://-oProxyCommand=id"}},
                              {"container", "x/tallyman-overhead-x", {"docker"}},
                              {"container", "tallyman-overhead-x", {"./docker"}},
                              {"container", "tallyman-overhead-x", {}},
                              {"directory", "/home/victim/work-of-mine", {}},
                              {"directory", state() + "/work-other", {}},
                              {"directory", work + "/../x", {}},
                              {"service", "tallyman-overhead-x", {"docker"}},
                              {"cgroup", "/sys/fs/cgroup/system.slice", {}}}) {
    EXPECT_FALSE(checked(strange, state(), run)) << strange.kind << ' ' << strange.name;
  }
  EXPECT_THAT(checked({"lxc", "tallyman-overhead-x", {"/bin/sh"}}, state(), run)->tool,
              ElementsAre("lxc-stop", "-P", work + "/lxc"));
  EXPECT_THAT(checked({"volume", "tallyman-overhead-x", {"podman"}}, state(), run)->tool, ElementsAre("podman"));
  EXPECT_TRUE(checked({"directory", work, {"/bin/sh"}}, state(), run)->tool.empty());
}

TEST_F(OverheadCleanupLog, ALogThatOthersMayWriteIsIgnored) {
  const std::string path = state() + "/cleanup-zz.log";
  std::ofstream(path) << to_line({"directory", state() + "/work-zz", {}});
  std::filesystem::permissions(path, std::filesystem::perms(0666));
  EXPECT_THAT(CleanupLog::recover(state(), undo(), "r"), ElementsAre(HasSubstr("others may write to it")));
  std::filesystem::rename(path, state() + "/elsewhere");
  std::filesystem::permissions(state() + "/elsewhere", std::filesystem::perms(0600));
  std::filesystem::create_symlink(state() + "/elsewhere", path);
  EXPECT_THAT(CleanupLog::recover(state(), undo(), "r"), SizeIs(1));
  EXPECT_THAT(undone_, IsEmpty());
}

TEST_F(OverheadCleanupLog, ADirectoryThatOthersMayWriteToIsRefused) {
  std::filesystem::permissions(state(), std::filesystem::perms(0777));
  const auto refused = CleanupLog::begin(state(), "r9", undo());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("others may write there"));
  std::filesystem::permissions(state(), std::filesystem::perms(0700));
  EXPECT_TRUE(CleanupLog::begin(state(), "r9", undo()));
}

TEST_F(OverheadCleanupLog, FailedUndosAreReportedAndKeptForTheNextRun) {
  stuck_ = "tallyman-overhead-dead-a";
  std::ofstream(state() + "/cleanup-dead.log")
      << to_line({"directory", state() + "/work-dead", {}}) << to_line({"container", stuck_, {"docker"}});
  auto cleanup_log = CleanupLog::begin(state(), "r3", undo()).value();
  EXPECT_THAT(CleanupLog::recover(state(), undo(), "r3"), ElementsAre(HasSubstr("not removed: container " + stuck_)));
  EXPECT_TRUE(std::filesystem::exists(state() + "/cleanup-dead.log"));
  ASSERT_TRUE(cleanup_log->about_to_make({"container", stuck_, {"docker"}}));
  EXPECT_THAT(cleanup_log->undo_all(), SizeIs(1));
  EXPECT_TRUE(std::filesystem::exists(state() + "/cleanup-r3.log"));
}

TEST_F(OverheadCleanupLog, OneRunAtATime) {
  auto cleanup_log = CleanupLog::begin(state(), "r4", undo()).value();
  const auto second = CleanupLog::begin(state(), "r5", undo(), std::chrono::milliseconds(0));
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().text, HasSubstr("another run is under way"));
  cleanup_log.reset();
  EXPECT_TRUE(CleanupLog::begin(state(), "r6", undo()));
}

// As a child of a killed run does that has not called exec yet: it shares the open file, and so the lock.
class LockHolder {
 public:
  explicit LockHolder(const std::string& state)
      : lock_(open((state + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    EXPECT_EQ(flock(lock_.get(), LOCK_EX), 0);
  }
  void end() { lock_.reset(); }

 private:
  FileDescriptor lock_;
};

TEST_F(OverheadCleanupLog, ALockThatIsHeldForAMomentIsWaitedFor) {
  LockHolder holder(state());
  auto waiting = std::async(std::launch::async,
                            [&] { return CleanupLog::begin(state(), "r7", undo(), std::chrono::minutes(10)); });
  EXPECT_EQ(waiting.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  EXPECT_FALSE(std::filesystem::exists(state() + "/cleanup-r7.log"));
  holder.end();
  EXPECT_TRUE(waiting.get());
}

TEST_F(OverheadCleanupLog, ALockThatStaysIsAnotherRun) {
  const LockHolder holder(state());
  const auto began = Clock::now();
  const auto refused = CleanupLog::begin(state(), "r8", undo());
  EXPECT_GE(Clock::now() - began, CleanupLog::kLockTimeout);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("another run is under way in " + state()));
  EXPECT_FALSE(std::filesystem::exists(state() + "/cleanup-r8.log"));
}

TEST_F(OverheadCleanupLog, TheRealUndoRemovesADirectoryAndDoesNotMindAMissingOne) {
  Interrupt interrupt;
  const Undo real = undo_with(interrupt, std::chrono::seconds(5));
  host_.file("work-x/a/b", "text");
  EXPECT_TRUE(real({"directory", state() + "/work-x", {}}));
  EXPECT_FALSE(std::filesystem::exists(state() + "/work-x"));
  EXPECT_TRUE(real({"directory", state() + "/work-x", {}}));
  EXPECT_FALSE(real({"unknown", "tallyman-overhead-x", {}}));
}

std::vector<std::string> failing_with(const std::string& words) {
  return {"sh", "-c", "echo '" + words + "' >&2; exit 1"};
}

TEST_F(OverheadCleanupLog, TheRealUndoTakesAMissingContainerForRemoved) {
  Interrupt interrupt;
  const Undo real = undo_with(interrupt, std::chrono::seconds(20));
  EXPECT_TRUE(real({"container", "tallyman-overhead-x", failing_with("Error: No such container: x")}));
  const auto refused = real({"container", "tallyman-overhead-x", failing_with("Error: permission denied")});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("permission denied"));
}

TEST_F(OverheadCleanupLog, TheRealUndoTriesAgainWhileAnotherRemovesTheContainer) {
  Interrupt interrupt;
  const Undo real = undo_with(interrupt, std::chrono::seconds(20));
  const std::string tries = state() + "/tries";
  const std::string docker = "echo >>" + tries + "; [ $(wc -l <" + tries +
                             ") -ge 3 ] || { echo 'removal of container x is already in progress' >&2; exit 1; }";
  EXPECT_TRUE(real({"container", "tallyman-overhead-x", {"sh", "-c", docker}}));
  EXPECT_EQ(std::filesystem::file_size(tries), 3U);
}

TEST(OverheadChild, JudgesByItsWordsWhyAProgramFailed) {
  Interrupt interrupt;
  for (const auto& [words, kind] :
       {std::pair{"Error: No such container: x", FailureKind::kNotFound},
        {"Error: no container with name or ID \"x\" found: no such container", FailureKind::kNotFound},
        {"lxc-destroy: x: Container is not defined or does not exist", FailureKind::kNotFound},
        {"removal of container x is already in progress", FailureKind::kBusy},
        {"permission denied", FailureKind::kOther},
        {"", FailureKind::kOther}}) {
    const auto failed = run_program(failing_with(words), std::chrono::seconds(20), interrupt);
    ASSERT_FALSE(failed) << words;
    EXPECT_EQ(failed.error().kind, kind) << words;
  }
}

TEST(OverheadChild, AnswersLineByLineAndReportsWhyItEnded) {
  Interrupt interrupt;
  auto cat = Child::spawn({"cat"}).value();
  const auto soon = [] { return Clock::now() + std::chrono::seconds(20); };
  ASSERT_TRUE(cat.write_all("one\ntwo\n"));
  EXPECT_EQ(cat.read_line(soon(), interrupt).value(), "one");
  EXPECT_EQ(cat.read_line(soon(), interrupt).value(), "two");
  cat.end(std::chrono::seconds(20));
  EXPECT_THAT(Child::spawn({"tallyman-no-such-program"}).error().text, HasSubstr("is not installed"));
  EXPECT_THAT(run_program({"sh", "-c", "echo why >&2; exit 3"}, std::chrono::seconds(20), interrupt).error().text,
              "sh: why");
  EXPECT_EQ(run_program({"cat"}, std::chrono::seconds(20), interrupt, "text\n").value(), "text");
}

TEST(OverheadChild, AHangingChildIsAbandonedWithAClearMessage) {
  Interrupt interrupt;
  const auto hung = run_program({"sleep", "1000"}, std::chrono::milliseconds(200), interrupt);
  ASSERT_FALSE(hung);
  EXPECT_EQ(hung.error().text, "sleep 1000 did not end within 0.2 s");
  EXPECT_FALSE(hung.error().interrupted());
}

TEST(OverheadChild, ASignalEndsTheWait) {
  Interrupt interrupt;
  ::raise(SIGTERM);
  const auto stopped = run_program({"sleep", "1000"}, std::chrono::seconds(20), interrupt);
  ASSERT_FALSE(stopped);
  EXPECT_TRUE(stopped.error().interrupted());
  EXPECT_EQ(interrupt.number(), SIGTERM);
  interrupt.ignore_from_now();
  EXPECT_TRUE(run_program({"true"}, std::chrono::seconds(20), interrupt));  // the cleanup continues
}

}  // namespace
}  // namespace tallyman::overhead
