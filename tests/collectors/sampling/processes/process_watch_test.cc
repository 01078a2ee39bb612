// A file of /proc that does not answer: nothing waits for the scan that reads it.
#include "collectors/sampling/processes/process_watch.h"

#include "tests/support/process_host.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <thread>

namespace tallyman {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

// Opening a FIFO waits until somebody writes, as reading a file of /proc may wait for a
// process that waits for a server.
class HangingProcess : public ::testing::Test {
 protected:
  HangingProcess() {
    processes_.set({.pid = 10, .utime = 1});
    options_.interval = 5ms;
    options_.hangs_after = 0ms;
    options_.on_warning = [this](const std::string&) { ++warnings_; };
  }
  ~HangingProcess() override { answer(); }

  std::unique_ptr<ProcessWatch> make() {
    return std::make_unique<ProcessWatch>(processes_.host.root(), ProcessGrouping::make({}).value(), options_,
                                          [this] { return list_; });
  }
  void hang() {
    processes_.host.remove("proc/10/stat");
    ASSERT_EQ(mkfifo(fifo().c_str(), 0600), 0);
  }
  void answer() {
    struct stat facts {};
    if (lstat(fifo().c_str(), &facts) != 0 || !S_ISFIFO(facts.st_mode)) {
      return;
    }
    const int keeper = open(fifo().c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);  // lets the reader in
    unlink(fifo().c_str());
    close(keeper);  // the reader sees the end
  }
  std::string fifo() const { return processes_.host.path("proc/10/stat"); }

  template <class Condition>
  static bool becomes(Condition condition) {
    const auto end = steady_clock::now() + 30s;
    while (!condition() && steady_clock::now() < end) {
      std::this_thread::sleep_for(1ms);
    }
    return condition();
  }

  ProcessHost processes_;
  WorkloadListPtr list_ = std::make_shared<WorkloadList>();
  ProcessWatchOptions options_;
  std::atomic<int> warnings_{0};
};

TEST_F(HangingProcess, DoesNotKeepAFirstScanWaiting) {
  hang();
  const auto watch = make();
  watch->scan_once(20ms);
  EXPECT_EQ(watch->report(), nullptr);
  answer();
  EXPECT_TRUE(becomes([&] { return watch->report() != nullptr; }));
}

TEST_F(HangingProcess, IsReportedOnceAndTheScansGoOnWhenItAnswers) {
  const auto watch = make();
  watch->start();
  ASSERT_TRUE(becomes([&] { return watch->report() != nullptr; }));
  hang();
  ASSERT_TRUE(becomes([&] { return watch->statistics().late > 2; }));
  const std::uint64_t scans = watch->statistics().scans, late = watch->statistics().late;
  const int warnings = warnings_;
  EXPECT_GE(warnings, 1);
  ASSERT_TRUE(becomes([&] { return watch->statistics().late > late + 2; }));
  EXPECT_EQ(warnings_, warnings) << "the same scan";
  EXPECT_EQ(watch->statistics().scans, scans);
  answer();
  EXPECT_TRUE(becomes([&] { return watch->statistics().scans > scans + 2; }));
}

TEST_F(HangingProcess, DoesNotKeepTheEndWaiting) {
  hang();
  auto watch = make();
  watch->scan_once(1ms);
  watch->start();
  ASSERT_TRUE(becomes([&] { return watch->statistics().late > 0; }));
  watch.reset();
  struct stat facts {};
  EXPECT_EQ(lstat(fifo().c_str(), &facts), 0);  // and the scan hangs still
}

}  // namespace
}  // namespace tallyman
