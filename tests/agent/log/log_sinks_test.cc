#include "agent/log/log_sinks.h"

#include "tests/support/parse_arguments.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <limits.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <fstream>

namespace tallyman {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;

std::string slurp(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string drained(int descriptor) {
  std::string text(1 << 20, '\0');
  const int flags = fcntl(descriptor, F_GETFL);
  fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
  const ssize_t size = read(descriptor, text.data(), text.size());
  fcntl(descriptor, F_SETFL, flags);
  text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return text;
}

class LogSinks : public testing::Test {
 protected:
  void SetUp() override { std::signal(SIGPIPE, SIG_IGN); }

  spdlog::logger logger(int descriptor) { return logger(make_descriptor_sink(descriptor, dropped_)); }
  spdlog::logger logger(spdlog::sink_ptr sink) {
    spdlog::logger made("test", std::move(sink));
    made.set_pattern("%l %v");
    made.set_error_handler([this](const std::string& text) { failures_ += text; });
    return made;
  }
  void TearDown() override { EXPECT_EQ(failures_, ""); }

  DropCounter dropped_ = std::make_shared<std::atomic<std::uint64_t>>(0);
  std::string failures_;
};

TEST_F(LogSinks, ALineStaysOneLineWithAnyContent) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  auto log = logger(ends[1]);
  log.info("name \x1b[2J\r\n\t\x7f{}", "<- a container's");
  log.warn("{}", std::string(1 << 20, 'x'));
  const std::string text = drained(ends[0]);
  EXPECT_THAT(text, testing::StartsWith("info name  [2J    <- a container's\nwarning xxx"));
  EXPECT_THAT(text, EndsWith("x [...]\n"));
  EXPECT_LE(text.size(), static_cast<std::size_t>(PIPE_BUF) + 50);
  EXPECT_EQ(dropped_->load(), 0U);
  close(ends[0]);
  close(ends[1]);
}

TEST_F(LogSinks, AFullPipeDropsLinesAndReportsTheirNumber) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  auto log = logger(ends[1]);
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 20'000; ++i) log.info("a line of some length, number {}", i);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 20s);
  const std::uint64_t lost = dropped_->load();
  EXPECT_GT(lost, 10'000U);
  EXPECT_EQ(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0) << "others write to this pipe too";

  EXPECT_THAT(drained(ends[0]), EndsWith("\n"));
  log.info("after");
  EXPECT_EQ(drained(ends[0]),
            "warning " + std::to_string(lost) +
                " log lines were lost before this one: Resource temporarily unavailable\ninfo after\n");
  log.info("and on");
  EXPECT_EQ(drained(ends[0]), "info and on\n");
  EXPECT_EQ(dropped_->load(), lost);
  close(ends[0]);
  close(ends[1]);
}

TEST_F(LogSinks, AFullDiskAClosedDescriptorAndAPipeWithoutReaderDropAndCount) {
  const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  auto to_full = logger(full);
  for (int i = 0; i < 10; ++i) to_full.error("x");
  EXPECT_EQ(dropped_->load(), 10U);

  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  auto to_pipe = logger(ends[1]);
  close(ends[0]);
  for (int i = 0; i < 10; ++i) to_pipe.error("x");
  EXPECT_EQ(dropped_->load(), 20U);
  close(ends[1]);

  close(full);
  auto to_nothing = logger(full);
  for (int i = 0; i < 10; ++i) to_nothing.error("x");
  EXPECT_EQ(dropped_->load(), 30U);
}

TEST_F(LogSinks, ASocketWhoseReaderSleepsDropsAndCounts) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  auto log = logger(ends[1]);
  for (int i = 0; i < 20'000; ++i) log.info("a line of some length, number {}", i);
  EXPECT_GT(dropped_->load(), 1'000U);
  EXPECT_THAT(drained(ends[0]), HasSubstr("number 0\n"));
  log.info("after");
  EXPECT_THAT(drained(ends[0]), EndsWith("info after\n"));
  close(ends[0]);
  close(ends[1]);
}

TEST_F(LogSinks, ALineThatWasCutShortDoesNotSpoilTheNext) {
  const TemporaryFile file("");
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit limit{20, RLIM_INFINITY};
    setrlimit(RLIMIT_FSIZE, &limit);
    auto log = logger(open(file.path().c_str(), O_WRONLY | O_APPEND));
    log.info("first");                // 11 bytes
    log.info("second, much longer");  // 9 of it
    log.info("third");
    limit.rlim_cur = RLIM_INFINITY;
    setrlimit(RLIMIT_FSIZE, &limit);
    log.info("fourth");
    _exit(dropped_->load() == 2 ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_THAT(
      slurp(file.path()),
      MatchesRegex("info first\ninfo seco\nwarning 2 log lines were lost before this one: [^\n]+\ninfo fourth\n"));
}

class Journal : public LogSinks {
 protected:
  void SetUp() override {
    LogSinks::SetUp();
    path_ = testing::TempDir() + "tallyman-journal-" + std::to_string(getpid());
    socket_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    ASSERT_LT(path_.size(), sizeof address.sun_path);
    path_.copy(address.sun_path, path_.size());
    ASSERT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(pipe(fallback_), 0);
  }
  void TearDown() override {
    LogSinks::TearDown();
    for (const int descriptor : {socket_, fallback_[0], fallback_[1]}) close(descriptor);
    unlink(path_.c_str());
  }
  spdlog::logger journal() {
    return logger(make_journal_sink(path_, make_descriptor_sink(fallback_[1], dropped_), dropped_));
  }

  std::string path_;
  int socket_ = -1;
  int fallback_[2] = {-1, -1};
};

TEST_F(Journal, GetsTheMessageItsPriorityAndItsIdentifier) {
  auto log = journal();
  log.warn("a\nPRIORITY=0\nb");
  EXPECT_EQ(drained(socket_), "MESSAGE=a PRIORITY=0 b\nPRIORITY=4\nSYSLOG_IDENTIFIER=tallyman\n");
  log.error("x");
  EXPECT_THAT(drained(socket_), HasSubstr("\nPRIORITY=3\n"));
  log.info("x");
  EXPECT_THAT(drained(socket_), HasSubstr("\nPRIORITY=6\n"));
  EXPECT_EQ(drained(fallback_[0]), "");
}

TEST_F(Journal, ThatDoesNotReadCausesNoWait) {
  auto log = journal();
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 5'000; ++i) log.info("line {}", i);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 20s);
  EXPECT_GT(dropped_->load(), 1'000U);
  EXPECT_THAT(drained(socket_), HasSubstr("MESSAGE=line 0\n"));
}

TEST_F(Journal, ThatIsMissingIsReplacedByTheDescriptor) {
  unlink(path_.c_str());
  auto log = journal();
  log.info("still logged");
  EXPECT_EQ(drained(fallback_[0]), "info still logged\n");
  EXPECT_EQ(dropped_->load(), 0U);
}

TEST_F(Journal, IsRecognisedByDeviceAndInode) {
  struct stat status;
  ASSERT_EQ(fstat(fallback_[1], &status), 0);
  const std::string stream = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
  EXPECT_TRUE(is_journal_stream(fallback_[1], stream.c_str()));
  EXPECT_FALSE(is_journal_stream(socket_, stream.c_str()));
  EXPECT_FALSE(is_journal_stream(-1, stream.c_str()));
  for (const char* other : {"", ":", "8:1", "rubbish"}) EXPECT_FALSE(is_journal_stream(fallback_[1], other));
  EXPECT_FALSE(is_journal_stream(fallback_[1], nullptr));
}

}  // namespace
}  // namespace tallyman
