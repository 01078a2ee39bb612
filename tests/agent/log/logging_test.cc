#include "agent/log/logging.h"

#include "agent/log/repeat_limiter.h"
#include "tests/support/parse_arguments.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <spdlog/spdlog.h>
#include <sys/wait.h>

#include <fstream>
#include <functional>
#include <sstream>
#include <thread>

namespace tallyman {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::MatchesRegex;

std::string slurp(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The default logger is global, so each case gets its own.
std::string stderr_of(const std::function<void()>& body) {
  const TemporaryFile file("");
  const pid_t child = fork();
  if (child == 0) {
    unsetenv("JOURNAL_STREAM");
    dup2(open(file.path().c_str(), O_WRONLY | O_APPEND), STDERR_FILENO);
    body();
    _exit(0);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  return slurp(file.path());
}

Options::Log with_level(const std::string& level) {
  Options::Log options;
  options.level = level;
  return options;
}

TEST(Logging, LinesHaveDateLevelAndText) {
  EXPECT_THAT(
      stderr_of([] {
        set_up_logging(Options::Log());
        spdlog::info("dashboard: {}", "http://127.0.0.1:8255/");
        spdlog::debug("unheard");
      }),
      MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z info dashboard: http://127.0.0.1:8255/\n"));
}

TEST(Logging, TheLevelChangesAtRunTimeAndSettingUpAgainChangesNoMore) {
  const std::string text = stderr_of([] {
    set_up_logging(with_level("error"));
    spdlog::warn("one");
    set_log_level("debug");
    spdlog::debug("two");
    Options::Log other = with_level("warn");
    other.format = "journal";
    set_up_logging(other);
    spdlog::info("three");
    spdlog::warn("four");
  });
  EXPECT_THAT(text, MatchesRegex("[^\n]+ debug two\n[^\n]+ warning four\n"));
}

TEST(Logging, ManyThreadsLogWhileTheLevelChanges) {
  const std::string text = stderr_of([] {
    set_up_logging(Options::Log());
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([] {
        for (int line = 0; line < 500; ++line) spdlog::error("whole line");
      });
    }
    for (int i = 0; i < 100; ++i) set_up_logging(with_level(i % 2 == 0 ? "debug" : "error"));
    for (std::thread& thread : threads) thread.join();
  });
  std::istringstream lines(text);
  std::string line;
  int count = 0;
  for (; std::getline(lines, line); ++count) EXPECT_THAT(line, EndsWith("Z error whole line"));
  EXPECT_EQ(count, 2'000);
}

TEST(Logging, AFullStandardErrorCostsOnlyLines) {
  stderr_of([] {
    dup2(open("/dev/full", O_WRONLY), STDERR_FILENO);
    set_up_logging(Options::Log());
    for (int i = 0; i < 1'000; ++i) spdlog::info("x");
    if (log_lines_dropped() != 1'000) _exit(1);
  });
}

TEST(Logging, AFileOpenedAfterAClosedStandardErrorGetsNoLogLines) {
  const TemporaryFile data("");
  stderr_of([&] {
    close(STDERR_FILENO);
    set_up_logging(Options::Log());
    const int descriptor = open(data.path().c_str(), O_WRONLY);
    if (descriptor <= STDERR_FILENO) _exit(1);
    spdlog::error("lost");
  });
  EXPECT_EQ(slurp(data.path()), "");
}

TEST(Logging, TheSameWarningComesOnce) {
  const std::string text = stderr_of([] {
    set_up_logging(Options::Log());
    for (int i = 0; i < 1'000; ++i) warn_limited("memory: denied", "memory: denied for container " + std::to_string(i));
    warn_limited("io: denied {}");
    log_suppressed_warnings();
  });
  EXPECT_THAT(text, MatchesRegex("[^\n]+ warning memory: denied for container 0\n[^\n]+ warning io: denied \\{\\}\n"));
}

class RepeatLimiterTest : public testing::Test {
 protected:
  RepeatLimiter limiter(std::size_t max_causes = 1'000) {
    return RepeatLimiter(5min, max_causes, [this] { return now_; });
  }
  std::chrono::steady_clock::time_point now_{};
};

TEST_F(RepeatLimiterTest, ACauseIsLoggedOncePerPeriodWithItsRepeats) {
  auto limit = limiter();
  EXPECT_EQ(limit.admit("a"), 0U);
  EXPECT_EQ(limit.admit("b"), 0U);
  for (int i = 0; i < 7; ++i) EXPECT_EQ(limit.admit("a"), std::nullopt);
  now_ += 5min - 1ns;
  EXPECT_EQ(limit.admit("a"), std::nullopt);
  now_ += 1ns;
  EXPECT_EQ(limit.admit("a"), 8U);
  EXPECT_EQ(limit.admit("b"), 0U);
  EXPECT_EQ(limit.admit("a"), std::nullopt);
}

TEST_F(RepeatLimiterTest, AThousandContainersEverySecondAreTwelveLinesAnHour) {
  auto limit = limiter();
  int lines = 0;
  std::uint64_t logged = 0;
  for (int second = 0; second < 3'600; ++second, now_ += 1s) {
    for (int container = 0; container < 1'000; ++container) {
      if (const auto repeats = limit.admit("memory.stat: denied")) {
        ++lines;
        logged += 1 + *repeats;
      }
    }
  }
  EXPECT_EQ(lines, 12);
  EXPECT_EQ(logged, 3'300'001U);
}

TEST_F(RepeatLimiterTest, RepeatsOfAnEndedCauseAreReported) {
  auto limit = limiter();
  EXPECT_EQ(limit.admit("a"), 0U);
  EXPECT_EQ(limit.admit("once"), 0U);
  EXPECT_EQ(limit.admit("a"), std::nullopt);
  EXPECT_EQ(limit.admit("a"), std::nullopt);
  EXPECT_EQ(limit.take_suppressed().size(), 0U);
  now_ += 5min;
  const auto suppressed = limit.take_suppressed();
  ASSERT_EQ(suppressed.size(), 1U);
  EXPECT_EQ(suppressed[0].cause, "a");
  EXPECT_EQ(suppressed[0].repeats, 2U);
  EXPECT_EQ(limit.size(), 1U) << "'once' has nothing more to say";
  EXPECT_EQ(limit.admit("a"), std::nullopt) << "its number was just logged";
  now_ += 5min;
  EXPECT_EQ(limit.admit("a"), 1U);
}

TEST_F(RepeatLimiterTest, UntrustedCausesAreBoundedInNumberAndLength) {
  auto limit = limiter(10);
  int lines = 0;
  for (int i = 0; i < 100'000; ++i) lines += limit.admit("cause " + std::to_string(i)) ? 1 : 0;
  EXPECT_EQ(lines, 11) << "ten causes and one line for all others";
  EXPECT_EQ(limit.size(), 11U);
  now_ += 5min;
  EXPECT_EQ(limit.admit("cause 77777"), 0U) << "there is room again";
  EXPECT_EQ(limit.size(), 1U);
  EXPECT_EQ(limit.admit(std::string(1 << 20, 'x')), 0U);
  EXPECT_EQ(limit.admit(std::string(1 << 19, 'x')), std::nullopt);
}

TEST_F(RepeatLimiterTest, AnEmptyCauseIsACause) {
  auto limit = limiter();
  EXPECT_EQ(limit.admit(""), 0U);
  EXPECT_EQ(limit.admit(""), std::nullopt);
}

}  // namespace
}  // namespace tallyman
