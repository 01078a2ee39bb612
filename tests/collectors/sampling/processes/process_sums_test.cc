#include "collectors/sampling/processes/process_sums.h"

#include "tests/collectors/sampling/processes/process_parts_fixture.h"

namespace tallyman {
namespace {

class ProcessSumsTest : public ProcessPartsTest {
 protected:
  ScannedProcess process_in(const std::string& id, std::uint32_t pid, std::uint64_t start_ticks) {
    ScannedProcess process;
    process.stat.pid = pid;
    process.stat.start_ticks = start_ticks;
    process.stat.threads = 2;
    process.stat.state = 'S';
    process.place.home = &account(id);
    process.place.executable = "nginx";
    process.details.resident_bytes = 4096;
    process.details.open_files = 3;
    return process;
  }
  void sum(const std::vector<ScannedProcess>& processes) {
    next_scan();
    sums_.begin();
    for (const ScannedProcess& process : processes) {
      sums_.add(process, scan_.time);
    }
    sums_.end(scan_);
  }
  const ProcessAccount::Now& now(const std::string& id) { return account(id).now; }

  ProcessSums sums_{accounts_};
};

TEST_F(ProcessSumsTest, AProcessCountsForItsCgroupAndAllAbove) {
  sum({process_in("/docker/web", 10, 500), process_in("/docker", 11, 700)});
  EXPECT_EQ(now("/docker/web").processes, 1U);
  EXPECT_EQ(now("/docker").processes, 2U);
  EXPECT_EQ(now("/docker").threads, 4U);
  EXPECT_EQ(now("/docker").resident_bytes, 8192U);
  EXPECT_EQ(now("/").open_files.get(), 6U);
  EXPECT_EQ(account("/").programs.facts().at(0).processes, 2U);
  sum({});
  EXPECT_EQ(now("/docker").processes, 0U);
  EXPECT_EQ(account("/").programs.facts().at(0).processes, 0U);
}

TEST_F(ProcessSumsTest, TheOldestIsTheFirstAndTheOldestOfTheCgroupItselfItsOwn) {
  sum({process_in("/docker", 11, 700), process_in("/docker", 12, 700), process_in("/docker/web", 20, 500)});
  EXPECT_EQ(now("/docker").first_pid, 20U);
  EXPECT_EQ(now("/docker").own_pid, 11U);
  EXPECT_EQ(now("/").own_pid, 0U);
}

TEST_F(ProcessSumsTest, OfAZombieOnlyTheNumberCounts) {
  ScannedProcess zombie = process_in("/docker", 10, 500);
  zombie.stat.state = 'Z';
  zombie.details.open_files.reset();
  sum({zombie, process_in("/docker", 11, 700)});
  EXPECT_EQ(now("/docker").processes, 2U);
  EXPECT_EQ(now("/docker").threads, 2U);
  EXPECT_EQ(now("/docker").first_pid, 11U);
  EXPECT_EQ(now("/docker").open_files.get(), 3U);
}

TEST_F(ProcessSumsTest, ASumWithAnUnknownPartIsUnknown) {
  ScannedProcess unknown = process_in("/docker/web", 10, 500);
  unknown.details.open_files.reset();
  sum({unknown, process_in("/docker", 11, 700)});
  EXPECT_FALSE(now("/docker").open_files.get());
  EXPECT_EQ(now("/docker").resident_bytes, 8192U);
}

TEST_F(ProcessSumsTest, TheLoadFollowsTheRunningThreads) {
  ScannedProcess busy = process_in("/docker", 10, 500);
  busy.details.tasks.running = 2;
  sum({busy});
  EXPECT_DOUBLE_EQ(account("/docker").load, 2.0);
  busy.details.tasks.running = 0;
  sum({busy});
  EXPECT_NEAR(account("/docker").load, 2 * 0.904837, 1e-5);  // exp(-1 s / 10 s)
}

}  // namespace
}  // namespace tallyman
